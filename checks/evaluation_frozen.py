"""Whether evaluations repeat one result."""

from collections import Counter

from rca.checking import Finding, Verdict, check, fail_above
from rca.judging import column, too_few, vacuous, void
from rca.runs.record import RunRecord
from rca.runs.task import shows_driving

MIN_EVALUATIONS = 3
LIMIT = 0.5


@check(
    "evaluation.frozen",
    title="Evaluations repeat",
    needs=["evaluations.mean_return", "phases"],
)
def evaluation_frozen(run: RunRecord) -> Finding:
    """Do evaluations change while updates take place?

    Why: results that agree to the last digit while thousands of updates lie between them mean
        that the updates do not reach behaviour: a saturated actor, or a car that never moves.
    Remedy: print the actions of the policy on ten different observations.
    Reference: signals.md, "action diversity"; limit one half of the evaluations (start). WARN
        where that is the best result and nothing shows that the task is driving: it may be solved.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    first = run.first_update_step() or 0
    table = column(run.evaluations, "mean_return", "step")
    after = table[table[:, 1] >= first]
    few = too_few(len(after), MIN_EVALUATIONS, "evaluations after the first update")
    if few:
        return few
    (value, num), *_ = Counter(after[:, 0].tolist()).most_common(1)
    share = num / len(after) if num > 1 else 0.0
    onset = int(after[after[:, 0] == value][0, 1])
    message = f"{num} of {len(after)} evaluations after update 1 return {value:,.4f}"
    if share > LIMIT and value == table[:, 0].max() > after[0, 0] and not shows_driving(run):
        message += ", the most of all: solved, or standing still"
        return Finding(Verdict.WARN, message, share, LIMIT, "1", onset=onset)
    suspects = ("idling_optimal", "actor_saturated", "encoder_frozen")
    return fail_above(share, LIMIT, message, unit="1", onset=onset, suspects=suspects)
