"""What a check sees of a run, whatever it was imported from. Read-only."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.probes.histogram import Histogram
from rca.wiring.facts import Wiring

EPISODE_COLUMNS = (
    "start_step",  # environment steps before the episode began
    "end_step",  # environment steps when it was over; end - start = length in one environment
    "length",  # steps
    "return",  # undiscounted sum of rewards
    "end_reason",  # one of END_REASONS; None: not recorded
    "success",  # 1.0, 0.0, NaN: not recorded
    "collisions",  # number, NaN: not recorded
    "distance",  # metres along the route, NaN: not recorded
)
EVALUATION_COLUMNS = (
    "step",  # environment steps of training before the evaluation
    "updates",  # critic updates before the evaluation, NaN: not recorded
    "episodes",  # episodes in it, NaN: not recorded
    "mean_return",
    "mean_length",  # steps
    "success_rate",  # share in [0, 1]
    "mean_collisions",
    "mean_distance",  # metres
)
END_REASONS = (
    "goal",
    "collision",
    "off_road",
    "wrong_way",
    "stuck",
    "time_out",  # the only truncation
    "simulator_fault",  # never stored as a transition
)
PhaseName = Literal["random", "learning"]


@dataclass(frozen=True)
class Signal:
    """One measured quantity over environment steps.

    Attributes:
        name: Such as `critic/q_spread`; foreign tags without one of our names keep their own.
        unit: Such as "m/s"; "1" for ratios, "" where a recording does not say.
        steps: Environment step of each value, int64, not decreasing. [n]
        values: Float64; NaN where the source recorded NaN. [n]
        tag: The name in the source where it differs.
    """

    name: str
    unit: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    tag: str = ""

    def __post_init__(self) -> None:
        """Refuses steps and values of different length."""
        if self.steps.shape != self.values.shape or self.steps.ndim != 1:
            raise ValueError(f"{self.name}: {self.steps.shape} steps, {self.values.shape} values")

    def __len__(self) -> int:
        return len(self.values)

    def between(self, first: float, last: float) -> "Signal":
        """Returns the part with first <= step <= last."""
        inside = (self.steps >= first) & (self.steps <= last)
        return Signal(self.name, self.unit, self.steps[inside], self.values[inside], self.tag)

    def tail(self, share: float) -> "Signal":
        """Returns the last share of the values, at least one."""
        start = len(self) - max(1, round(share * len(self)))
        return Signal(self.name, self.unit, self.steps[start:], self.values[start:], self.tag)

    def finite(self) -> NDArray[np.float64]:
        """Returns the values that are neither NaN nor infinite."""
        return self.values[np.isfinite(self.values)]

    def median(self) -> float:
        """Returns the median of the finite values, NaN if there is none."""
        finite = self.finite()
        return float(np.median(finite)) if len(finite) else math.nan

    def first_crossing(self, limit: float) -> int | None:
        """Returns the first step at which a value lies above the limit, None if none does."""
        above = np.flatnonzero(self.values > limit)
        return int(self.steps[above[0]]) if len(above) else None


@dataclass(frozen=True)
class Phase:
    """A stretch of steps in which the run was of one kind.

    Attributes:
        name: "random" until the first update, "learning" after it.
        first_step: First environment step of the phase, counted from 1.
        last_step: Last one, inclusive.
    """

    name: PhaseName
    first_step: int
    last_step: int


@dataclass(frozen=True)
class Outcome:
    """How the run ended and how much of it took place.

    Attributes:
        status: "unknown" in recordings, the others in our runs.
        executed_steps: Environment steps that took place; None if it cannot be known.
        planned_steps: Steps the run was to have; None if it cannot be known.
        critic_updates: Critic updates that took place; None if it cannot be known.
        actor_updates: The same for the actor.
        error: One line on why it crashed, "" otherwise.
    """

    status: Literal["finished", "running", "interrupted", "crashed", "unknown"] = "unknown"
    executed_steps: int | None = None
    planned_steps: int | None = None
    critic_updates: int | None = None
    actor_updates: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Observed:
    """A configuration value as telemetry shows it to have been in force.

    Attributes:
        value: What was in force, at first if it changed.
        last: At the end; equals value if it did not change.
        low: The value is not smaller, given how well telemetry shows it.
        high: Nor larger.
        source: What it was read from.
        declared: What the config files declare under the same key; None if nothing.
    """

    value: float
    last: float
    low: float
    high: float
    source: str
    declared: float | None = None

    @property
    def differs(self) -> bool:
        """Tells whether the declared number was not, or not all the time, in force."""
        if self.declared is None:
            return False
        changed = not self.low <= self.last <= self.high
        return changed or not self.low <= self.declared <= self.high


STRIP_COLUMNS = ("step", "phase", "end_reason", "length", "every", "frames", "png")


@dataclass(frozen=True)
class Strip:
    """The last camera frames of an episode, oldest at the left.

    Attributes:
        step: Environment step at which the episode ended.
        phase: "random" while actions were drawn at random, "learning" afterwards.
        end_reason: How it ended.
        length: Of the episode, steps.
        every: Steps from one frame to the next; the rightmost one is the last of the episode.
        frames: How many there are.
        png: Grey picture of all frames side by side.
    """

    step: int
    phase: str
    end_reason: str
    length: int
    every: int
    frames: int
    png: bytes = field(repr=False)


HISTOGRAM_COLUMNS = ("name", "unit", "step", "low", "high", "counts", "not_finite")


@dataclass(frozen=True)
class RunRecord:
    """A run as checks, diagnosis and reports see it.

    Attributes:
        id: Short name for tables: the folder's name.
        kind: "rca" for our run folders, "recording" for foreign ones.
        config: Our runs: effective values by dotted key (`agent.batch_size`). Recordings: the
            declared values under the same keys where they are known, else under
            `file:their.own.key`.
        provenance: What else is known: seed, versions, machine, digest, files read.
        outcome: How it ended.
        phases: In order of time; empty if the first update cannot be placed.
        signals: By name.
        episodes: One row per training episode with EPISODE_COLUMNS, in order; may be empty.
        evaluations: One row per evaluation with EVALUATION_COLUMNS, in order; may be empty.
        results: The run's results.json as read, {} if there was none.
        gaps: One line per thing that could not be read or was repaired.
        observed: Recordings: config values that telemetry shows, by our dotted key or
            `agent.updates_per_step`; our own runs have none, their config is effective.
        wiring: What the audit of a watched trainer saw; None elsewhere.
        strips: What the agent saw before some of its episodes ended; empty in foreign recordings
            and in runs that were made before there were strips.
        histograms: In order of time, one per quantity and step; empty like the strips.
    """

    id: str
    kind: Literal["rca", "recording"]
    config: Mapping[str, object]
    provenance: Mapping[str, object]
    outcome: Outcome
    phases: tuple[Phase, ...]
    signals: Mapping[str, Signal]
    episodes: pd.DataFrame
    evaluations: pd.DataFrame
    results: Mapping[str, object] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    observed: Mapping[str, Observed] = field(default_factory=dict)
    wiring: Wiring | None = None
    strips: tuple[Strip, ...] = ()
    histograms: tuple[Histogram, ...] = ()

    def phase(self, name: PhaseName) -> Phase | None:
        """Returns a phase by name, None if the run has none of it."""
        return next((phase for phase in self.phases if phase.name == name), None)

    def episodes_in(self, phase: Phase) -> pd.DataFrame:
        """Returns the episodes that ended in a phase."""
        end = self.episodes["end_step"]
        return self.episodes[(end >= phase.first_step) & (end <= phase.last_step)]

    def first_update_step(self) -> int | None:
        """Returns the environment step of the first gradient update, None if none is known of."""
        learning = self.phase("learning")
        return learning.first_step if learning else None

    def has(self, need: str) -> bool:
        """Tells whether something a check needs is there with at least one value.

        Args:
            need: A signal name, `episodes`, `episodes.<column>`, `evaluations`,
                `evaluations.<column>`, `config.<dotted key>`, `observed.<dotted key>`,
                `in_force.<dotted key>` (either of the two), `phases`, `results`,
                `wiring.<part>` or `outcome.<field>`.
        """
        room, _, rest = need.partition(".")
        if room in ("episodes", "evaluations"):
            table = self.episodes if room == "episodes" else self.evaluations
            return len(table) > 0 and (not rest or bool(table[rest].notna().any()))
        if room == "in_force":
            return rest in self.config or rest in self.observed
        if room in ("config", "observed"):
            return rest in (self.config if room == "config" else self.observed)
        if room == "wiring" and rest:
            return bool(getattr(self.wiring, rest, None))
        if room == "outcome" and rest:
            return getattr(self.outcome, rest) is not None
        if need == "phases":
            return bool(self.phases)
        if need == "results":
            return bool(self.results)
        return need in self.signals and len(self.signals[need].finite()) > 0

    def why_absent(self, need: str) -> str:
        """Returns why something that a check needs is not there, "" where that is not known."""
        room, _, rest = need.partition(".")
        return self.wiring.unseen.get(rest, "") if self.wiring and room == "wiring" else ""


def empty_episodes() -> pd.DataFrame:
    """Returns an episode table without rows."""
    return pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in EPISODE_COLUMNS})


def empty_evaluations() -> pd.DataFrame:
    """Returns an evaluation table without rows."""
    return pd.DataFrame({name: pd.Series(dtype="float64") for name in EVALUATION_COLUMNS})


def _dtype(column: str) -> str:
    return "object" if column == "end_reason" else "float64"
