"""How much the executed action changes from one step to the next."""

import numpy as np
from numpy.typing import NDArray

from rca.probes.engine import Number, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import Event, Redriven, Stepped


@probe_from_start("explore/action_jitter", on=(Stepped, Redriven), unit="1")
class ActionJitter:
    """Mean change of the action's entries against the step before, in [0, 2].

    2/3 where each is drawn evenly from [-1, 1]; 1.13 times its deviation for exploration noise
    alone. An episode's first step has none.
    """

    def __init__(self, agent: TD3) -> None:
        self._last: NDArray[np.float32] | None = None

    def __call__(self, event: Event) -> Number | None:
        """Returns the change."""
        if isinstance(event, Redriven):
            self._last = event.action.copy()
            return None
        assert isinstance(event, Stepped)
        last, is_over = self._last, event.terminated or event.truncated
        self._last = None if is_over else event.action.copy()
        return None if last is None else float(np.abs(event.action - last).mean())
