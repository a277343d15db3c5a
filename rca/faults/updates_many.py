"""Twenty updates are made per step."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings

RATIO = 20


@fault(
    "updates_many",
    causes=("update_ratio_wrong",),
    caught_by=("updates.replay_ratio",),
    source="Nikishin et al. 2022",
)
def updates_many(build: Build) -> Build:
    """Twenty updates are made per step, and as many in all as without the fault."""
    starts = build.config.agent.learning_starts
    steps = starts + max(1, (build.config.budget.steps - starts) // RATIO)
    return with_settings(build, agent__updates_per_step=RATIO, budget__steps=steps)
