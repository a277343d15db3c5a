"""Whether the rows of a batch are the steps that took place."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MIN_ROWS = 100
KNOWN = 0.5
"""Share of rows whose action was taken, from which the others mean anything."""
OTHER = 0.01
"""Share of the known rows that may hold something else: an action taken twice by chance names the
wrong step. Our own memory has none (tests/test_runs_remembering.py)."""
FLAGS = {"terminal missing": "terminal_missing", "terminal added": "time_outs_terminal"}
"""Causes of a wrong flag; whatever else is wrong belongs to another step."""


@check(
    "wiring.memory", title="Memory replayed", needs=["wiring.memory"], severity=Severity.CRITICAL
)
def memory(run: RunRecord) -> Finding:
    """Do batches hold the observations, rewards and ends of the steps that they are said to be?

    Why: a transition that did not take place teaches what is not so, and the critic fits it well.
    Remedy: write one episode into the memory and compare every row with a plain list.
    Reference: differential testing against a naive memory (McKeeman 1998); RLMutation's mangled
        transitions. Rows are known by their action, bit for bit; rewards are compared to 1e-4,
        observations by their digests. An episode's first observation is not told and not compared.
    """
    assert run.wiring is not None
    assert run.wiring.memory is not None
    seen = run.wiring.memory
    known = seen.rows - seen.unknown
    if seen.rows < MIN_ROWS:
        return Finding(Verdict.VACUOUS, f"{seen.rows} rows of batches compared, {MIN_ROWS} needed")
    if known < KNOWN * seen.rows:
        why = f"{known:,} of {seen.rows:,} rows hold an executed action, see wiring.actions"
        return Finding(Verdict.NOT_RUN, why)
    off = {what: count for what, count in seen.other.items() if count > OTHER * known}
    if not off:
        return Finding(Verdict.PASS, f"{known:,} rows hold what took place")
    said = ", ".join(f"{what} in {count:,}" for what, count in off.items())
    said += "; steps are mixed up" if off.keys() - FLAGS.keys() else ""
    suspects = dict.fromkeys(FLAGS.get(what, "replay_wrong") for what in off)
    return Finding(
        Verdict.FAIL, f"of {known:,} rows not as it was: {said}", suspects=tuple(suspects)
    )
