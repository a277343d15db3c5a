"""What judges share: table columns without gaps, whether anything was learned, several criteria."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict
from rca.runs.manifest import WITHOUT_REPLAY
from rca.runs.phases import FirstUpdate
from rca.runs.record import Phase, RunRecord, Signal

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MIN_EPISODES = 20
"""Fewer episodes show no distribution: bootstrap intervals mislead below it (signals.md)."""
MIN_READINGS = 20
"""The same for readings of a signal that a share is taken of."""
SETTLING = 500
"""Steps of learning after which outputs are no longer those of the first weights: Adam moves a
weight by about its learning rate each, so 500 of them at 3e-4 are 0.15, the size of a weight."""
MIN_DRIVE = 200
"""Steps, 10 simulated seconds: every car stands still in the first few after a reset."""
STEP_SECONDS = 0.05
"""Simulated seconds per step where a run does not say (carla-protocol.md, seed.md)."""


def column(table: "pd.DataFrame", *names: str) -> Floats:
    """Returns the rows of some columns in which all are finite.

    Returns:
        [rows] for one name, [rows, names] for more.
    """
    values = table.reindex(columns=list(names)).to_numpy(dtype=np.float64, na_value=math.nan)
    kept: Floats = values[np.isfinite(values).all(axis=1)]
    return kept[:, 0] if len(names) == 1 else kept


def common(a: Signal, b: Signal) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Returns the steps at which two signals are finite, and the values of both there."""
    finite_a, finite_b = np.isfinite(a.values), np.isfinite(b.values)
    steps, at_a, at_b = np.intersect1d(a.steps[finite_a], b.steps[finite_b], return_indices=True)
    return steps, a.values[finite_a][at_a], b.values[finite_b][at_b]


def number(run: RunRecord, key: str) -> float:
    """Returns a config value as a number, NaN if it is absent or not one."""
    return as_number(run.config.get(key))


def in_force(run: RunRecord, key: str) -> float:
    """Returns a setting as telemetry shows it, else as declared; NaN if neither is known."""
    shown = run.observed.get(key)
    return number(run, key) if shown is None else shown.value


def as_number(value: object) -> float:
    """Returns what a file holds as a number, NaN if it is none, a bool, or too large for one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan


def first_update(run: RunRecord) -> FirstUpdate | None:
    """Returns the first update and the bounds within which it is certain, None if there is none."""
    step, known = run.first_update_step(), run.provenance.get("first_update")
    if step is None or not isinstance(known, Mapping):
        return None if step is None else FirstUpdate(step, step, step, "counted")
    return FirstUpdate(step, known["earliest"], known["latest"], known["rule"])


def before_updates(run: RunRecord) -> float:
    """Returns the step before which certainly no update took place; infinity: none is known of."""
    first = first_update(run)
    return math.inf if first is None else first.earliest


def learned_rewards(run: RunRecord, rewards: Floats) -> Floats:
    """Returns rewards as the agent learns from them: times reward_scale, then clipped."""
    scale, bound = number(run, "agent.reward_scale"), number(run, "agent.reward_clip")
    scaled = rewards * (1.0 if math.isnan(scale) else scale)
    return scaled if math.isnan(bound) else np.clip(scaled, -abs(bound), abs(bound))


def void(run: RunRecord, by: float = math.inf) -> str:
    """Returns why a run up to some step says nothing about learning, "" if it may.

    Args:
        run: Judged.
        by: Last environment step that counts.
    """
    first = first_update(run)
    if first is not None:
        certain = "0 updates were executed" if first.earliest > by else "no update is known of"
        return f"{certain} by step {by:,.0f}: the first came at {first}" if first.step > by else ""
    if run.outcome.critic_updates or (run.outcome.critic_updates is None and not run.phases):
        return ""
    if run.outcome.critic_updates is None and number(run, "agent.learning_starts") >= _last(run):
        return f"what comes after the record breaks off at step {_last(run):,.0f}, before update 1"
    return f"0 updates were executed: {_why_none(run)}"


def _last(run: RunRecord) -> float:
    steps = run.outcome.executed_steps
    return math.nan if steps is None else steps


def _why_none(run: RunRecord) -> str:
    starts, steps = number(run, "agent.learning_starts"), run.outcome.executed_steps
    if math.isnan(starts) or steps is None:
        return "the run has no learning phase"
    if starts >= steps:
        return f"learning_starts {starts:,.0f} lies beyond the run's {steps:,} steps"
    return f"though learning_starts is {starts:,.0f} and {steps:,} steps took place"


@dataclass(frozen=True)
class Criterion:
    """One part of a question.

    Attributes:
        text: The number, the limit and the place.
        met: None if it could not be observed; the text says why.
    """

    text: str
    met: bool | None


def judge_criteria(
    criteria: Sequence[Criterion],
    *,
    steps: tuple[int, int] | None = None,
    suspects: tuple[str, ...] = (),
) -> Finding:
    """Returns FAIL if a criterion is missed, VACUOUS if one could not be observed, else PASS.

    The message names the missed ones first.
    """
    met = [item.met for item in criteria]
    verdict = Verdict.FAIL if False in met else Verdict.PASS
    if verdict is Verdict.PASS and (None in met or not met):
        verdict = Verdict.VACUOUS
    label = {True: "met", False: "MISSED", None: "void"}
    worst_first = sorted(criteria, key=lambda item: [False, None, True].index(item.met))
    message = "; ".join(f"{label[item.met]}: {item.text}" for item in worst_first)
    accused = suspects if verdict is Verdict.FAIL else ()
    return Finding(verdict, message, steps=steps, suspects=accused)


def learned_episodes(run: RunRecord, first: float = 1, last: float = math.inf) -> "pd.DataFrame":
    """Returns the learning phase's episodes that ended in steps first to last."""
    phase = run.phase("learning")
    if phase is None:
        return run.episodes.iloc[:0]
    table = run.episodes_in(phase)
    return table[(table["end_step"] >= first) & (table["end_step"] <= last)]


def random_episodes(run: RunRecord) -> "pd.DataFrame":
    """Returns the random phase's episodes that certainly ended before any update."""
    phase = run.phase("random")
    table = run.episodes.iloc[:0] if phase is None else run.episodes_in(phase)
    return table[table["end_step"] < before_updates(run)]


def mean(values: Floats) -> float:
    """Returns the mean, NaN of nothing."""
    return float(np.mean(values)) if len(values) else math.nan


def median(values: Floats) -> float:
    """Returns the median, NaN of nothing."""
    return float(np.median(values)) if len(values) else math.nan


def vacuous(message: str) -> Finding:
    """Returns the answer for evidence that is there but cannot show what is asked."""
    return Finding(Verdict.VACUOUS, message)


def too_early(run: RunRecord) -> Finding | None:
    """Returns VACUOUS if fewer than SETTLING steps of learning took place, else None."""
    first, last = run.first_update_step(), run.outcome.executed_steps
    if first is None or last is None or last - first >= SETTLING:
        return None
    steps = last - first + 1
    return vacuous(
        f"{steps:,} steps of learning, {SETTLING} are needed: networks start as they are"
    )


def without_replay(run: RunRecord) -> Finding | None:
    """Returns why steps and what is stored or learned of them cannot be compared, None if they can.

    A run that went on from a checkpoint without replay drove a while without updates.
    """
    at = run.provenance.get(WITHOUT_REPLAY)
    return vacuous(f"the run went on with an empty replay at step {at}, as asked") if at else None


def too_few(num: int, needed: int, what: str) -> Finding | None:
    """Returns VACUOUS if there is too little to judge a distribution by, else None."""
    return vacuous(f"{num} {what}, {needed} are needed to judge") if num < needed else None


def span(phase: Phase) -> tuple[int, int]:
    """Returns a phase's first and last step, as a Finding wants them."""
    return phase.first_step, phase.last_step


def place(phase: Phase) -> str:
    """Returns a phase in words, as in `random phase (steps 1-10,000)`."""
    return f"{phase.name} phase (steps {phase.first_step:,}-{phase.last_step:,})"


def not_due(run: RunRecord) -> frozenset[str]:
    """Returns the parts that no update was due for: the actor's within `agent.critic_warmup`."""
    updates, warmup = run.outcome.critic_updates, number(run, "agent.critic_warmup")
    if updates is None or not updates <= warmup:
        return frozenset()
    return frozenset({"actor", "actor_encoder"})


def frozen_suspects(parts: Iterable[str]) -> tuple[str, ...]:
    """Returns the causes that some parts of the agent accuse which do not learn."""
    found = ["encoder_frozen" if name.endswith("encoder") else name for name in parts]
    named = {"actor": "actor_frozen", "critic": "critic_twin_untrained"}
    return tuple(dict.fromkeys(named.get(name, name) for name in found))
