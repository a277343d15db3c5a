"""How the run ended."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import vacuous
from rca.runs.record import RunRecord


@check(
    "run.finished",
    title="Run finished",
    needs=["outcome.executed_steps"],
    severity=Severity.CRITICAL,
)
def run_finished(run: RunRecord) -> Finding:
    """Did the run end as planned?

    Why: what follows describes only the part that took place.
    Remedy: read the error, mend it, run again; `--debug` shows the traceback.
    Reference: the run's own record of how it ended.
    """
    outcome = run.outcome
    done, planned = outcome.executed_steps, outcome.planned_steps
    of = "" if planned is None else f" of {planned:,}"
    message = f"{outcome.status} after {done:,}{of} steps"
    if outcome.status == "crashed":
        return Finding(Verdict.FAIL, f"{message}: {outcome.error or 'no error recorded'}")
    if outcome.status in ("interrupted", "running"):
        return Finding(Verdict.WARN, message)
    if planned is None or done is None:
        return vacuous(f"{message}; how many were planned is not recorded")
    if done < 0.99 * planned:
        return Finding(Verdict.FAIL, message, value=done, limit=planned, unit="steps")
    return Finding(Verdict.PASS, message, value=done, limit=planned, unit="steps")
