"""The targets never move."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class FrozenTargets(TD3):
    """Targets keep their first weights."""

    def _update_targets(self) -> None:
        pass


@fault(
    "target_frozen",
    causes=("target_wrong",),
    caught_by=("targets.follow",),
    source="muPRL: target update interval; RLDebugger",
)
def target_frozen(build: Build) -> Build:
    """The targets never move."""
    return with_agent(build, FrozenTargets)
