"""Whether gradients reach every parameter that should learn."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import frozen_on_purpose, kept_frozen
from rca.judging import frozen_suspects, not_due
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS, ModuleFacts


@check(
    "wiring.gradients",
    title="Gradients arrive",
    needs=["wiring.modules"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Does some backward pass reach every trained parameter?

    Why: features under `no_grad` or `detach` cut the loss off from what is before them, silently.
    Remedy: follow the loss back: which call stands under no_grad, which tensor was detached or
        replaced.
    Reference: signals.md, faults: encoder detached by mistake; found by hooks on the parameters
        (torch, `register_post_accumulate_grad_hook`). Gradients that another trainer computes and
        sets by itself pass no hook; an encoder that it froze on purpose gets none.
    """
    assert run.wiring is not None
    if run.wiring.updates < MIN_LOOKS:
        seen = run.wiring.updates
        return Finding(Verdict.VACUOUS, f"{seen} updates seen, {MIN_LOOKS} needed")
    if run.kind != "rca" and not run.wiring.losses:
        message = (
            f"no backward pass was heard in {run.wiring.updates} updates: gradients set by hand?"
        )
        return Finding(Verdict.NOT_RUN, message)
    kept = frozen_on_purpose(run)
    left_out = not_due(run) | kept
    trained = {n: p for n, p in run.wiring.trained().items() if n not in left_out}
    found = {n: p.not_reached for n, p in trained.items() if p.not_reached.count}
    if not found:
        total = sum(part.parameters for part in trained.values())
        message = f"backward passes reached all {total} parameters"
        return kept_frozen(kept) or Finding(Verdict.PASS, message)
    silent = {n: names for n, names in found.items() if not _set_by_hand(run, trained[n])}
    listed = "; ".join(f"{n}: {names.count} ({names})" for n, names in (silent or found).items())
    if not silent:
        message = f"no backward pass reached {listed}, yet all changed: gradients set by hand?"
        return Finding(Verdict.NOT_RUN, message)
    return Finding(
        Verdict.FAIL, f"no backward pass reached {listed}", suspects=frozen_suspects(silent)
    )


def _set_by_hand(run: RunRecord, part: ModuleFacts) -> bool:
    """Tells whether all of a foreign trainer's part changed, though none of it was reached."""
    is_unheard = part.not_reached.count == part.parameters and not part.not_changed.count
    return run.kind != "rca" and is_unheard
