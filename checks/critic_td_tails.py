"""How heavy the tails of the TD errors are."""

from rca.checking import Finding, Severity, check, fail_above
from rca.runs.record import RunRecord

LIMIT = 50.0


@check("critic.td_tails", title="TD error tails", needs=["critic/td_tail"], severity=Severity.MINOR)
def td_tails(run: RunRecord) -> Finding:
    """Are the largest TD errors of a batch within reach of the typical one?

    Why: where one transition in a hundred has an error tens of times the median, it alone decides
        the update: most often a rare, large penalty.
    Remedy: bring the penalty nearer to ordinary rewards, or use a loss that grows linearly.
    Reference: signals.md, "TD tails": p99/p50 above 50 (start); median of the last fifth.
    """
    late = run.signals["critic/td_tail"].tail(0.2).median()
    message = f"99th percentile of the TD error is {late:,.1f} times the median at the end"
    return fail_above(late, LIMIT, message, unit="1", suspects=("penalty_too_large",))
