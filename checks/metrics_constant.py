"""Whether outcome metrics carry information."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_EPISODES, column, too_few
from rca.runs.record import RunRecord


@check(
    "metrics.constant",
    title="Constant metrics",
    needs=["episodes.length"],
    severity=Severity.MINOR,
)
def constant_metrics(run: RunRecord) -> Finding:
    """Does every outcome metric vary, or is one stuck while others move?

    Why: a success rate of 0% in every reading carries no information: it cannot tell a bad policy
        from a counter that nobody feeds.
    Remedy: make one success and one collision happen by script and see whether they are counted;
        compare runs on length, distance and speed meanwhile.
    Reference: signals.md, "metric liveness" and "comparing runs".
    """
    few = too_few(len(column(run.episodes, "length")), MIN_EPISODES, "episodes")
    if few:
        return few
    series = _outcomes(run)
    stuck = [name for name, values in series.items() if np.ptp(values) == 0 and values[0] == 0]
    if not series:
        return Finding(Verdict.NOT_RUN, "not recorded: success, collisions")
    # No collision at all is fine where something succeeds; no success is never informative.
    succeeds = any("success" in name and np.any(values > 0) for name, values in series.items())
    if succeeds or not stuck:
        message = f"{len(stuck)} of {len(series)} metrics constant at 0: {', '.join(series)}"
        return Finding(Verdict.PASS, message, len(stuck), len(series))
    listed = ", ".join(f"{name} ({len(series[name]):,} readings)" for name in stuck)
    moving = np.ptp(column(run.episodes, "length")) > 0
    others = "episode lengths vary" if moving else "episode lengths do not vary either"
    suspects = ("metrics_not_wired",)
    message = f"constant at 0: {listed}; {others}"
    return Finding(Verdict.WARN, message, len(stuck), 0, suspects=suspects)


def _outcomes(run: RunRecord) -> dict[str, np.ndarray]:
    sources = {
        "success": column(run.episodes, "success"),
        "collisions": column(run.episodes, "collisions"),
        "evaluated success_rate": column(run.evaluations, "success_rate"),
        "evaluated collisions": column(run.evaluations, "mean_collisions"),
    }
    return {name: values for name, values in sources.items() if len(values) > 1}
