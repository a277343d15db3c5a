"""How far updates and batches lie from those that are computed anew from the same settings."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from rca.wiring.fact import Fact

Count = Annotated[int, Field(ge=0, le=10**12)]


class PartFacts(Fact):
    """One part of an update, at each that was recomputed.

    Attributes:
        updates: Numbers of the critic updates, from 1.
        differences: Norm of found less recomputed over the larger norm of the two: 0 the same, 1 if
            only one of them is anything, 2 opposite; None where a number was not finite.
        shares: How much of the recomputed one is in the found one, as a factor: 1 all of it, 0.5
            half a step, -1 a step back; None where the recomputed one is nothing.
    """

    updates: tuple[int, ...]
    differences: tuple[float | None, ...]
    shares: tuple[float | None, ...]

    @model_validator(mode="after")
    def _equally_long(self) -> Self:
        if not len(self.updates) == len(self.differences) == len(self.shares):
            raise ValueError("updates, differences and shares are not equally long")
        return self


class RecomputedFacts(Fact):
    """Everything that was recomputed.

    Attributes:
        parts: By name: "input", "value", "target value", "step of critic", "move of target.actor"
            and so on.
        error: Why no more was recomputed, "" if nothing is wrong: networks of another kind.
    """

    parts: Mapping[str, PartFacts]
    error: str = ""


class WorldFacts(Fact):
    """Steps, held against the simulator's own account of the car.

    Attributes:
        steps: Compared.
        begun: Beginnings of episodes, compared.
        routes: Different routes among them; None: written by a version that did not count.
        ends: Steps that are due to end the episode.
        other: Steps in which something is not as it is due, by what: "steering", "pedal",
            "picture", "picture late", "vector late", "vector unscaled", "speed",
            "lateral offset", "heading error", "route points", "vector shape", "reward",
            "ending missing", "ending added", "time-out missing", "time-out terminal"; "first
            picture" and "first vector": at a beginning; "route": it became another one within an
            episode.
        error: Why no more steps were compared, "" if nothing is wrong.
    """

    steps: Count
    other: Mapping[str, Count]
    begun: Count = 0
    routes: Count | None = None
    ends: Count = 0
    error: str = ""
