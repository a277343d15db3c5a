"""What the critic's targets hold where an episode ended."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import not_explained
from rca.runs.record import RunRecord

MIN_ROWS = 5


@check(
    "wiring.time_outs",
    title="Time-outs bootstrap",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def time_outs(run: RunRecord) -> Finding:
    """Do steps that were cut off by a time limit still count the next state's value?

    Why: cutting values off at a time limit tells the agent that a good state is worth nothing.
    Remedy: store terminated, not terminated or truncated, and use it in the target.
    Reference: Pardo et al. 2018; Gymnasium's docs on terminated and truncated. Read off the
        critic's gradients, row by row.
    """
    assert run.wiring is not None
    seen = run.wiring.equation.time_outs
    right, wrong = seen.get("bootstrapped", 0), seen.get("cut", 0)
    if right + wrong < MIN_ROWS:
        return Finding(Verdict.NOT_RUN, f"{right + wrong} such rows seen, {MIN_ROWS} needed")
    unknown = not_explained(run)
    if unknown:
        return unknown
    message = f"{right} of {right + wrong} rows are bootstrapped, {wrong} cut"
    if right >= wrong:
        return Finding(Verdict.PASS, message)
    return Finding(Verdict.FAIL, message, suspects=("time_outs_terminal",))
