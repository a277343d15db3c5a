"""How much of the buffer the first batch takes."""

from rca.checking import Finding, Verdict, check
from rca.judging import number, vacuous
from rca.runs.record import RunRecord
from rca.runs.task import drives

REPEATED = 0.45
"""Share from which the first updates see little else: just below the smallest that is known to do
harm, the 49% of the planted fault learning_starts_early (6 m where healthy runs drive 140 m; at
13%, in batch_size_large, they drive as far as healthy ones). What lies between was not measured."""


@check(
    "replay.batch_share",
    title="First batch against buffer",
    needs=["config.agent.batch_size", "phases"],
)
def batch_share(run: RunRecord) -> Finding:
    """Is the first batch a small part of the buffer?

    Why: batches that hold much of the buffer repeat the same transitions; the critic learns them
        by heart before others come in.
    Remedy: raise agent.learning_starts or lower agent.batch_size.
    Reference: signals.md, "batch share": 5% WARN, 45% FAIL (calibrated on a planted fault in the
        driving task, so that elsewhere it is a WARN: Stable-Baselines3's defaults begin with a
        batch of 256 from 101 transitions).
    """
    first, size = run.first_update_step(), number(run, "agent.batch_size")
    if first is None or not size > 0:
        return vacuous("0 updates were executed")
    known = ("agent.learning_starts", "agent.buffer_size")
    if run.kind != "rca" and not any(key in run.config for key in known):
        return vacuous("no replay memory is declared: batches may be of the newest steps alone")
    share = size / first
    message = f"batch of {size:,.0f} from {first:,} transitions at update 1: {share:.1%}"
    verdict = Verdict.FAIL if share > REPEATED and drives(run) else Verdict.WARN
    return Finding(verdict if share > 0.05 else Verdict.PASS, message, share, 0.05, "1")
