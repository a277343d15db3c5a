"""Speed alone is paid, a collision costs 5."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "reward_of_the_seed",
    causes=(
        "reward_design",
        "reward_wrong",
        "progress_outweighs_penalties",  # driving on at the wanted speed earns more than 5
    ),
    caught_by=("reward.promises",),
    source="seed.md, Issue #4",
)
def reward_of_the_seed(build: Build) -> Build:
    """Speed alone is paid, a collision costs 5."""
    return with_settings(
        build,
        env__reward__progress=0.0,
        env__reward__speed=1.0,
        env__reward__collision=5.0,
        env__reward__off_road=5.0,
        env__reward__goal=0.0,
    )
