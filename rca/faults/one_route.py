"""Every reset seeds the world with the same number.

Nearest cause: the run repeats itself, but its routes do not follow from the seed it was given.
"""

from typing import Any

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Wrapper, with_wrapper

SEED = 0
"""Of every episode, whatever the run's seed is."""


class Again(Wrapper):
    """Begins the same episode again and again, in training and in evaluation."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        return self.env.reset(**{**options, "seed": SEED})


@fault(
    "one_route",
    causes=("seed_ignored",),
    source="a classic of Gymnasium code: reset(seed=0) in the loop over episodes, not once",
    caught_by=("env.witnessed",),
    blind=3,
)
def one_route(build: Build) -> Build:
    """Every episode is the same route from the same place, evaluations included."""
    return with_wrapper(build, Again)
