"""Whether the targets follow as Polyak averaging says, and how far behind they are."""

import torch

from rca.probes.engine import Number, norm, probe, probe_from_start
from rca.td3.agent import TD3
from rca.td3.events import CriticGrads, Event, Updated


def _followers(agent: TD3) -> list[str]:
    """Returns the modules that have a target of their own."""
    modules = agent.modules()
    return [name for name in modules if agent.targets[name] is not modules[name]]


@probe("*/target_lag", on=Updated, unit="1", cost="rare")
def target_lag(event: Updated) -> dict[str, Number]:
    """Returns norm(weights - target's) over norm(weights) per module."""
    modules, targets = event.agent.modules(), event.agent.targets
    return {
        name: norm(
            w - t
            for w, t in zip(modules[name].parameters(), targets[name].parameters(), strict=True)
        )
        / norm(modules[name].parameters())
        for name in _followers(event.agent)
    }


@probe_from_start("*/target_error", on=(CriticGrads, Updated), unit="1", cost="rare")
class TargetError:
    """Largest deviation of a target's weight from tau w + (1 - tau) target, or from standing still.

    Reads the targets before the update at CriticGrads and after it at Updated.
    """

    def __init__(self, agent: TD3) -> None:
        self._before: dict[str, list[torch.Tensor]] = {}
        self._update = 0

    def __call__(self, event: Event) -> dict[str, Number] | None:
        """Returns the deviation per module, after the update."""
        assert isinstance(event, CriticGrads | Updated)
        agent = event.agent
        if isinstance(event, CriticGrads):
            self._update = event.update
            self._before = {
                name: [weight.clone() for weight in agent.targets[name].parameters()]
                for name in _followers(agent)
            }
            return None
        if event.update != self._update:
            return None
        return {name: self._deviation(name, event) for name in self._before}

    def _deviation(self, name: str, event: Updated) -> Number:
        config = event.agent.config
        tau = (config.encoder_tau or config.tau) if name.endswith("encoder") else config.tau
        share = tau if event.update % config.policy_delay == 0 else 0.0
        online = event.agent.modules()[name].parameters()
        now = event.agent.targets[name].parameters()
        deviations = [
            (t - torch.lerp(before, w, share)).abs().max()
            for before, w, t in zip(self._before[name], online, now, strict=True)
        ]
        return torch.stack(deviations).max()
