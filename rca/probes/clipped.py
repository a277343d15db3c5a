"""Whether a module's gradient was longer than its clip."""

import math

from rca.probes.engine import Number, probe
from rca.probes.gradients import gradient_norms
from rca.td3.events import ActorGrads, CriticGrads


def _clipped(event: CriticGrads | ActorGrads) -> dict[str, Number]:
    found: dict[str, Number] = {}
    for name, size in gradient_norms(event).items():
        limit = getattr(event.agent.config, f"{name}_clip")
        if limit is not None:
            size = math.nan if size is None else size
            found[name] = math.nan if math.isnan(size) else float(size > limit)
    return found


@probe("*/clipped", on=CriticGrads, unit="1")
def critic_clipped(event: CriticGrads) -> dict[str, Number]:
    """Returns 1.0 or 0.0 per module with a clip; its mean over time is the clip fraction."""
    return _clipped(event)


@probe("*/clipped", on=ActorGrads, unit="1")
def actor_clipped(event: ActorGrads) -> dict[str, Number]:
    """Returns 1.0 or 0.0 per module with a clip; its mean over time is the clip fraction."""
    return _clipped(event)
