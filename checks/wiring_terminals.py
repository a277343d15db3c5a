"""What the critic's targets hold where an episode ended."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import not_explained
from rca.runs.record import RunRecord

MIN_ROWS = 5


@check(
    "wiring.terminals",
    title="Terminal states",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def terminals(run: RunRecord) -> Finding:
    """Do steps that ended an episode by themselves count no next value?

    Why: values that bootstrap through a collision make collisions free.
    Remedy: store terminated with each transition and multiply the next value by 1 - terminated.
    Reference: Sutton and Barto 2018, section 3.4; RLMutation: missing terminal state. Read off the
        critic's gradients, row by row.
    """
    assert run.wiring is not None
    seen = run.wiring.equation.terminals
    right, wrong = seen.get("cut", 0), seen.get("bootstrapped", 0)
    if right + wrong < MIN_ROWS:
        return Finding(Verdict.NOT_RUN, f"{right + wrong} such rows seen, {MIN_ROWS} needed")
    unknown = not_explained(run)
    if unknown:
        return unknown
    message = f"{right} of {right + wrong} rows are cut, {wrong} bootstrapped"
    if right >= wrong:
        return Finding(Verdict.PASS, message)
    return Finding(Verdict.FAIL, message, suspects=("terminal_missing",))
