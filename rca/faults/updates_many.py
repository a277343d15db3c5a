"""Twenty updates are made per step."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings

RATIO = 20
SHARE = 5
"""The part of the learning phase that is left: a run then makes four times as many updates as
others do, not twenty times."""


@fault(
    "updates_many",
    causes=("update_ratio_wrong",),
    caught_by=("updates.replay_ratio",),
    source="Nikishin et al. 2022",
)
def updates_many(build: Build) -> Build:
    """Twenty updates are made per step, in a fifth of the steps."""
    starts = build.config.agent.learning_starts
    steps = starts + max(1, (build.config.budget.steps - starts) // SHARE)
    return with_settings(build, agent__updates_per_step=RATIO, budget__steps=steps)
