"""Whether an evaluation changes the training episode that is running."""

from dataclasses import dataclass

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, Floats, column, too_few, vacuous
from rca.runs.record import RunRecord

LEVEL = 0.01
FACTOR = 2.0
"""Times the typical length of the episodes around it (start)."""
EVEN = 0.01
"""Share of the typical distance by which distances between evaluations may differ: farther apart,
they may have been placed by the episodes themselves."""


@dataclass(frozen=True)
class Spanning:
    """An episode that was running while an evaluation took place.

    Attributes:
        step: Of the evaluation.
        before: Steps of the episode before the evaluation.
        length: Steps of the episode.
        around: Median steps of the episodes around it.
    """

    step: float
    before: float
    length: float
    around: float

    @property
    def is_longer(self) -> bool:
        """Tells whether it is longer than the others are."""
        return self.length >= FACTOR * self.around

    @property
    def chance(self) -> float:
        """Returns the chance that no more of such an episode lies before the evaluation.

        An evaluation that leaves it alone meets every step of it with the same chance.
        """
        return (self.before + 1) / self.length


@check(
    "evaluation.running_episode",
    title="Episode running at an evaluation",
    needs=["episodes.length", "episodes.start_step", "evaluations.step"],
    severity=Severity.CRITICAL,
)
def running_episode(run: RunRecord) -> Finding:
    """Does the training episode that is running at an evaluation end as the others do?

    Why: an episode that goes on for long because an evaluation came shows that the evaluation
        touched the world in which training takes place.
    Remedy: give the evaluation a simulator of its own, or restore world and settings after it.
    Reference: of a long episode any part may lie before an evaluation that leaves it alone, all
        with the same chance (the inspection paradox); where evaluations always come at the
        beginning of episodes twice as long as the 20 around them, they made them long. Fisher's
        combination of these chances, limit 0.01; evaluations must be evenly spaced, so that no
        episode decided when they came.
    """
    table = column(run.episodes, "length", "start_step")
    few = too_few(len(table), MIN_EPISODES, "episodes")
    if few:
        return few
    at = np.sort(column(run.evaluations, "step"))
    if not _even(at):
        return vacuous(f"{len(at)} evaluations, not evenly spaced or fewer than 3")
    met = [found for step in at if (found := _spanning(table, step)) is not None]
    longer = [item for item in met if item.is_longer]
    message = (
        f"{len(longer)} of {len(met)} episodes that were running at an evaluation are at least "
        f"{FACTOR:.0f} times as long as those around"
    )
    if not longer:
        return Finding(Verdict.PASS, message, 1.0, LEVEL, "p") if met else vacuous(message)
    return _judge(message, longer)


def _judge(message: str, longer: list[Spanning]) -> Finding:
    from scipy.stats import combine_pvalues

    p = float(combine_pvalues([item.chance for item in longer]).pvalue)
    listed = ", ".join(
        f"{item.length:,.0f} at step {item.step:,.0f} against {item.around:,.0f}"
        for item in longer[:2]
    )
    most = max(item.before for item in longer)
    message += f" ({listed}), at most {most:,.0f} steps of them before the evaluation: p {p:.2g}"
    if p >= LEVEL:
        return Finding(Verdict.PASS, f"{message}, so chance explains it", p, LEVEL, "p")
    first, last = int(longer[0].step), int(longer[-1].step)
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    return Finding(Verdict.FAIL, message, p, LEVEL, "p", (first, last), first, suspects)


def _even(at: Floats) -> bool:
    between = np.diff(at)
    if len(between) < 2 or not (between > 0).all():
        return False
    typical = float(np.median(between))
    return bool((np.abs(between - typical) <= EVEN * typical).all())


def _spanning(table: Floats, step: float) -> Spanning | None:
    """Returns the episode during which an evaluation came, None if none is recorded."""
    length, start = table[:, 0], table[:, 1]
    inside = np.flatnonzero((start <= step) & (step < start + length))
    if len(inside) != 1:
        return None
    index, half = int(inside[0]), MIN_EPISODES // 2
    around = np.concatenate([length[max(0, index - half) : index], length[index + 1 :][:half]])
    if not len(around):
        return None
    return Spanning(
        step, step - float(start[index]), float(length[index]), float(np.median(around))
    )
