"""What the seed document expects of a run, drawn as bands and held against what was measured."""

from dataclasses import dataclass
from typing import Literal

from rca.runs.record import RunRecord

SOURCE = 'seed.md, "Expected Training Progression"'
Quantity = Literal["length", "return", "success"]


@dataclass(frozen=True)
class Expected:
    """A range that the seed expects of a quantity over a stretch of training.

    Attributes:
        first: First environment step of the stretch.
        last: Last one.
        quantity: Column of the episode table.
        low: Least value expected.
        high: Greatest value expected.
    """

    first: int
    last: int
    quantity: Quantity
    low: float
    high: float

    def comparable(self, run: RunRecord) -> bool:
        """Tells whether a run's values have the same meaning: our rewards have other units."""
        return self.quantity != "return" or run.kind == "recording"


PROGRESSION = (
    Expected(1, 10_000, "length", 50, 100),
    Expected(10_001, 20_000, "length", 100, 200),
    Expected(20_001, 30_000, "length", 200, 500),
    Expected(1, 10_000, "return", -20_000, -10_000),
    Expected(10_001, 20_000, "return", -10_000, -5_000),
    Expected(20_001, 30_000, "return", -5_000, 1_000),
    Expected(1, 10_000, "success", 0.0, 0.02),
    Expected(10_001, 20_000, "success", 0.02, 0.10),
    Expected(20_001, 30_000, "success", 0.10, 0.20),
)
"""SOURCE, after its fixes; returns are in the units of the seed's own reward function."""
