"""What of the record could not be read."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check("run.readable", title="Record readable", severity=Severity.MINOR)
def run_readable(run: RunRecord) -> Finding:
    """Could everything in the run's folder be read as it stands?

    Why: a truncated or repaired file hides part of the run, and what it hides is unknown.
    Remedy: fetch the files again from the machine that wrote them.
    Reference: the reader's own list of gaps.
    """
    parts = [*run.signals, "episodes.length", "episodes.return", "evaluations.mean_return"]
    if not any(run.has(part) for part in parts):
        return Finding(Verdict.NOT_RUN, "not recorded: signals, episodes, evaluations")
    if run.gaps:
        message = "; ".join(run.gaps[:3])
        more = len(run.gaps) - 3
        message += f"; and {more} more" if more > 0 else ""
        return Finding(Verdict.WARN, message, value=len(run.gaps), limit=0)
    read = f"{len(run.signals)} signals, {len(run.episodes):,} episodes"
    return Finding(Verdict.PASS, f"{read}, {len(run.evaluations)} evaluations", value=0, limit=0)
