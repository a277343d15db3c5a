"""How many updates there were per environment step of the learning phase."""

from rca.probes.engine import Number, probe
from rca.td3.events import Updated


@probe("replay/ratio", on=Updated, unit="updates/step", cost="slow")
def replay_ratio(event: Updated) -> Number | None:
    """Returns critic updates over steps since learning_starts; None before."""
    steps = event.step - event.agent.config.learning_starts
    return event.update / steps if steps > 0 else None
