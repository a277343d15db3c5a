"""Whether evaluations agree when nothing was learned between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import (
    MIN_EPISODES,
    Floats,
    before_updates,
    column,
    number,
    random_episodes,
    too_few,
    vacuous,
)
from rca.runs.record import RunRecord
from rca.stats import mean_ratio_p

LEVEL = 0.01
FACTOR = 2.0
"""Means less than this apart agree: the smallest ratio of lengths that matters (start)."""
MOST = 1_000
"""Episodes per evaluation that the null is drawn for; more only narrow it."""


@dataclass(frozen=True)
class Pair:
    """Two neighbouring evaluations without an update between them.

    Attributes:
        steps: Environment steps of training before either.
        lengths: Mean length of the episodes of either, steps, above 0.
    """

    steps: tuple[float, float]
    lengths: tuple[float, float]

    @property
    def ratio(self) -> float:
        """Returns the longer mean over the shorter one."""
        return max(self.lengths) / min(self.lengths)


@check(
    "evaluation.control",
    title="Zero-update control",
    needs=["evaluations.mean_length", "phases"],
    severity=Severity.CRITICAL,
)
def evaluation_control(run: RunRecord) -> Finding:
    """Do two evaluations agree when no update lay between them?

    Why: the policy is then the same, so what differs beyond chance is what it drives in, and
        training takes place there too.
    Remedy: evaluate on the same routes each time; give the evaluation a simulator of its own, or
        restore world and settings after it.
    Reference: signals.md, "zero-update control". Chance is drawn from the run's own random
        episodes (bootstrap of mean lengths, limit p < 0.01 over all pairs, factor 2). WARN where
        one episode of a length that these did not show would lift p above the limit.
    """
    pairs = _pairs(run)
    if not pairs:
        num = len(run.evaluations)
        return vacuous(f"{num} evaluations, no two known to be without an update between them")
    known = column(random_episodes(run), "length")
    known = known[known > 0]
    worst = max(pairs, key=lambda pair: pair.ratio)
    num, counted = _episodes(run)
    message = (
        f"{len(pairs)} pair(s) of evaluations without an update between them; the most different: "
        f"{worst.lengths[0]:,.0f} steps at {worst.steps[0]:,.0f}, {worst.lengths[1]:,.0f} at "
        f"{worst.steps[1]:,.0f} ({counted})"
    )
    few = too_few(len(known), MIN_EPISODES, "random episodes to say how far means differ by chance")
    if few:
        return vacuous(f"{message}; {few.message}")
    return _judge(run, message, worst, len(pairs), num, known)


def _judge(
    run: RunRecord, message: str, worst: Pair, tries: int, num: int, known: Floats
) -> Finding:
    # The same record gets the same answer.
    rng = np.random.default_rng(0)
    p = min(1.0, tries * mean_ratio_p(worst.ratio, num, known, rng))
    odd = np.append(known, _odd_length(run, worst, num) * known.mean())
    careful = min(1.0, tries * mean_ratio_p(worst.ratio, num, odd, rng))
    message += f"; p {p:.2g} for lengths that spread like those of {len(known):,} random episodes"
    if worst.ratio < FACTOR:
        return Finding(Verdict.PASS, message, p, LEVEL, "p")
    if p >= LEVEL:
        return vacuous(f"{message}: chance may explain it")
    first, last = (int(step) for step in worst.steps)
    where = ((first, last), first, ("evaluation_disturbs_simulator", "simulator_asynchronous"))
    if careful >= LEVEL:
        message += f"; one episode longer than any of these would explain it too (p {careful:.2g})"
        return Finding(Verdict.WARN, message, careful, LEVEL, "p", *where)
    message += f"; the policy is the same, {_routes(run)}"
    return Finding(Verdict.FAIL, message, careful, LEVEL, "p", *where)


def _odd_length(run: RunRecord, worst: Pair, num: int) -> float:
    """Returns how long, in shorter means, one episode is that alone makes the longer mean.

    It is not longer than an episode can be.
    """
    typical, longer = min(worst.lengths), max(worst.lengths)
    needed = num * longer - (num - 1) * typical
    return float(np.fmin(needed, number(run, "env.max_episode_steps"))) / typical


def _routes(run: RunRecord) -> str:
    if run.kind == "rca":
        return "and so are its routes: what it drives in changed"
    return "whether its routes were is not recorded: they or the simulator changed"


def _pairs(run: RunRecord) -> Sequence[Pair]:
    names = ["step", "mean_length", "updates"]
    rows = run.evaluations.reindex(columns=names).to_numpy(dtype=np.float64, na_value=math.nan)
    rows = rows[np.isfinite(rows[:, :2]).all(axis=1) & (rows[:, 1] > 0)]
    first = before_updates(run)
    return [
        Pair((a[0], b[0]), (a[1], b[1]))
        for a, b in pairwise(rows.tolist())
        if a[2] == b[2] or b[0] < first
    ]


def _episodes(run: RunRecord) -> tuple[int, str]:
    """Returns the episodes per evaluation, 1 (the most careful guess) if nobody says, in words."""
    recorded = column(run.evaluations, "episodes")
    declared = number(run, "budget.eval_episodes")
    for known, source in ((recorded.min(initial=math.inf), "counted"), (declared, "declared")):
        if 1 <= known < math.inf:
            return min(int(known), MOST), f"{known:,.0f} episodes each, {source} number"
    return 1, "number of episodes unknown, taken for 1"
