"""Whether the rows of a batch are the steps that took place."""

from collections.abc import Set

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import of_another_form
from rca.runs.record import RunRecord
from rca.wiring.history import REWARD
from rca.wiring.memory import NEXT, MemoryFacts

MIN_ROWS = 100
KNOWN = 0.5
"""Share of rows whose action was taken, from which the others mean anything."""
ENDS = 10
"""Expected ends, from which none at all is no chance: e^-10."""
UNEVEN = 0.1
"""Distance of the mean place from that of an even draw, 0.5; of 100 rows it strays by 0.03."""
AGAIN, TIMES = 0.1, 3.0
"""Share of rows that the batch before held too, and times what an even draw has of them, from which
the draws hang together: of 700 rows an even draw has 20 or so, and strays by 5."""
OTHER = 0.01
"""Share of the known rows that may hold something else: an action taken twice by chance names the
wrong step. Our own memory has none (tests/test_runs_remembering.py)."""
FEW = 3
"""Endings whose flag is wrong, from which it is no chance if it is wrong in most."""
MIXED_UP = 0.5
"""Share of the known rows that hold another observation or reward, from which a wrong flag is that
of another step too."""
FLAGS = {"terminal missing": "terminal_missing", "terminal added": "time_outs_terminal"}
"""Causes of a wrong flag; whatever else is wrong belongs to another step."""


@check(
    "wiring.memory", title="Memory replayed", needs=["wiring.memory"], severity=Severity.CRITICAL
)
def memory(run: RunRecord) -> Finding:
    """Do batches hold the observations, rewards and ends of the steps that they are said to be?

    Why: a transition that did not take place teaches what is not so, and the critic fits it well;
        one that is never drawn teaches nothing.
    Remedy: write one episode into the memory and compare every row with a plain list. Where a
        sampler changes rows on purpose, tell `recorder.batch` of them before it does.
    Reference: differential testing against a naive memory (McKeeman 1998); RLMutation's mangled
        transitions. Rows are known by their action, bit for bit; rewards are compared to 1e-4,
        observations by their digests. Of a trainer that is not ours, how evenly it draws is its own
        affair (prioritized replay), and so is in which form it keeps what it was given (scaled,
        augmented, relabelled): a row is wrong where it holds what was told of another step, which a
        reward of few values does not show.
    """
    assert run.wiring is not None
    assert run.wiring.memory is not None
    seen, is_ours = run.wiring.memory, run.kind == "rca"
    known = seen.rows - seen.unknown
    if seen.rows < MIN_ROWS:
        return Finding(Verdict.VACUOUS, f"{seen.rows} rows of batches compared, {MIN_ROWS} needed")
    if known < KNOWN * seen.rows:
        why = f"{known:,} of {seen.rows:,} rows have an action that was taken once"
        return Finding(Verdict.NOT_RUN, why)
    left_out = set() if is_ours else of_another_form(seen)
    other = {what: n for what, n in seen.other.items() if what.removeprefix(NEXT) not in left_out}
    limits = {what: MIXED_UP if what in seen.same and not is_ours else OTHER for what in other}
    off = {what: n for what, n in other.items() if n > limits[what] * seen.compared(what)}
    for what, due in (("terminal missing", seen.ends), ("terminal added", seen.cuts)):
        count = other.get(what, 0)
        if count >= FEW and count > MIXED_UP * due:  # endings are rare, and all of them count
            off[what] = count
    if not off:
        return (_drawn(seen) if is_ours else None) or _as_it_was(seen, known, left_out)
    if any(n > MIXED_UP * seen.compared(what) for what, n in off.items() if what not in FLAGS):
        off = {what: count for what, count in off.items() if what not in FLAGS}  # follows from that
    said = ", ".join(f"{what} in {count:,}{_example(seen, what)}" for what, count in off.items())
    said += _what_happened(seen, off.keys() - FLAGS.keys())
    suspects = dict.fromkeys(FLAGS.get(what, "replay_wrong") for what in off)
    return Finding(
        Verdict.FAIL, f"of {known:,} rows not as it was: {said}", suspects=tuple(suspects)
    )


def _example(seen: MemoryFacts, what: str) -> str:
    """Returns one of the rows that hold something else, in brackets."""
    row = seen.examples.get(what)
    if row is None:  # written by a version that kept none
        return ""
    if what in FLAGS:
        return f" (such as step {row.step:,}'s)"
    told = "of no step" if row.of is None else f"{row.side or 'of'} step {row.of:,}"
    if row.held is None or row.due is None:
        return f" (such as step {row.step:,}'s, told {told})"
    return f" (such as step {row.step:,}'s: {row.held:.4g}, told {told}, instead of {row.due:.4g})"


def _what_happened(seen: MemoryFacts, off: Set[str]) -> str:
    """Tells what was put in another's place from what was changed."""
    if not off:
        return ""
    parts = "rewards" if off == {REWARD} else "steps"
    changed = all(seen.strange.get(what, 0) > MIXED_UP * seen.other[what] for what in off)
    return f"; {parts} are {'changed' if changed else 'mixed up'}"


def _as_it_was(seen: MemoryFacts, known: int, left_out: set[str]) -> Finding:
    """Returns PASS with what was not compared, NOT_RUN if nothing was."""
    parts = {what for what in seen.other if not what.startswith(NEXT)} | {"reward", *FLAGS}
    left_out |= {what for what in parts if not seen.compared(what)}
    if left_out == parts:
        return Finding(Verdict.NOT_RUN, f"{known:,} rows, all in another form than was told")
    also = f"; not compared: {', '.join(sorted(left_out))}" if left_out else ""
    return Finding(Verdict.PASS, f"{known:,} rows hold what took place{also}")


def _drawn(seen: MemoryFacts) -> Finding | None:
    """Returns what is left out of the batches, None if nothing is known to be."""
    if seen.expected_ends >= ENDS and not seen.ends:
        message = f"no ending is drawn, {seen.expected_ends:.0f} were to be expected"
        return Finding(Verdict.FAIL, message, suspects=("terminal_missing", "replay_wrong"))
    all_known = seen.never <= OTHER * seen.rows  # else it is the known ones that lie elsewhere
    if seen.place is not None and all_known and abs(seen.place - 0.5) > UNEVEN:
        message = f"drawn unevenly: rows lie at {seen.place:.0%} of the memory, an even draw at 50%"
        return Finding(Verdict.FAIL, message, suspects=("replay_wrong",))
    known = seen.rows - seen.unknown
    if seen.again > max(AGAIN * known, TIMES * seen.expected_again):
        message = (
            f"{seen.again:,} of {known:,} rows are drawn again, in the batch before too; "
            f"{seen.expected_again:.0f} were to be expected"
        )
        return Finding(Verdict.FAIL, message, suspects=("replay_wrong",))
    return None
