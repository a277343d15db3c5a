"""Whether signals turn NaN or infinite."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.clock import STEP_SECONDS
from rca.runs.phases import is_learner
from rca.runs.record import RunRecord, Signal

LASTING = 3
"""NaN readings at the end of a signal; single ones mean that a quantity was not due."""
RATIOS = ("value_bias", "td_tail", "update_ratio", "effective_rank")
"""Quantities of learners that are NaN by design where their divisor is 0."""


@check("signals.finite", title="Finite signals", severity=Severity.CRITICAL)
def signals_finite(run: RunRecord) -> Finding:
    """Do all signals stay finite?

    Why: one NaN in a loss makes every weight NaN at the next step.
    Remedy: stop at the first one; look at what the signals did just before it.
    Reference: signals.md, "gradient norm": NaN or infinity, any, and the first that rca's trainer
        met itself, which may have stopped it before it lasted. WARN where a learner's signal is
        NaN after a finite value and recovers, or the norm of gradients that are none any more;
        others may be NaN by design (step times across an evaluation, noise while actions are
        random) and are counted only.
    """
    found = run.provenance.get("not_finite")
    if isinstance(found, dict):
        return _caught(found)
    measured = [signal for signal in run.signals.values() if len(signal.finite())]
    if not measured:
        return Finding(Verdict.NOT_RUN, "not recorded: any finite signal")
    # The clock's quotient is none where several records stand at one step.
    judged = [signal for signal in measured if signal.name != STEP_SECONDS]
    broken = {signal.name: at for signal in judged if (at := _breaks(signal)) is not None}
    if not broken:
        return _passing(measured)
    # Our trainer looks at every gradient (rca/runs/guard.py): a norm that is NaN is one of nothing.
    lost = {n: at for n, at in broken.items() if run.kind == "rca" and n.endswith("/grad_norm")}
    if lost == broken:
        onset = min(lost.values())
        listed = ", ".join(f"{name} from step {at:,}" for name, at in lost.items())
        message = f"no gradient any more: {listed}"
        return Finding(
            Verdict.WARN, message, len(lost), 0, "signals", onset=onset, suspects=_frozen(lost)
        )
    onset = min(broken.values())
    listed = ", ".join(f"{name} from step {at:,}" for name, at in list(broken.items())[:4])
    message = f"{len(broken)} of {len(measured)} signals turn NaN or infinite: {listed}"
    suspects = ("critic_diverged",)
    return Finding(Verdict.FAIL, message, len(broken), 0, "signals", onset=onset, suspects=suspects)


def _frozen(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the causes of modules that get no gradient any more."""
    modules = (name.partition("/")[0] for name in names)
    return tuple(
        dict.fromkeys(
            "encoder_frozen" if name.endswith("encoder") else f"{name}_frozen" for name in modules
        )
    )


def _caught(found: Mapping[str, object]) -> Finding:
    """Returns the answer where the trainer looked at every update and met one."""
    step, updates = found.get("step"), found.get("updates")
    onset = step if isinstance(step, int) else None
    tensor, how = str(found.get("tensor"))[:99], str(found.get("how"))[:99]
    # First in the order of computation: what is odd in the batch came from the environment.
    is_given = tensor.startswith("batch.")
    is_weight = "." in tensor and not is_given and not tensor.endswith(".grad")
    suspects = () if is_given else ("critic_diverged",)
    where = "" if is_given or is_weight else " of a finite batch"
    message = (
        f"{tensor}{where} is not finite ({how}) in the update at step {onset}; so is a number of "
        f"{updates} updates"
    )
    count = updates if isinstance(updates, int) else 1
    return Finding(Verdict.FAIL, message, count, 0, "updates", onset=onset, suspects=suspects)


def _passing(measured: Sequence[Signal]) -> Finding:
    """Returns the answer where no signal breaks for good: single NaN are counted and named."""
    single = {signal.name: steps for signal in measured if len(steps := _nan_after_finite(signal))}
    learned = {name: steps for name, steps in single.items() if _always_due(name)}
    counted = ", ".join(f"{name} ({len(steps):,})" for name, steps in (learned or single).items())
    if learned:
        onset = min(int(steps[0]) for steps in learned.values())
        message = f"{len(learned)} learner signals are NaN between finite values: {counted}"
        message += f"; the first at step {onset:,}"
        return Finding(Verdict.WARN, message, len(learned), 0, "signals", onset=onset)
    message = f"{len(measured)} signals are finite"
    message += f"; NaN where nothing was due: {counted}" if counted else ""
    return Finding(Verdict.PASS, message, value=0, limit=0)


def _always_due(name: str) -> bool:
    return is_learner(name) and name.rpartition("/")[2] not in RATIOS


def _nan_after_finite(signal: Signal) -> NDArray[np.int64]:
    """Returns the steps of NaN after the first finite value."""
    first = np.flatnonzero(np.isfinite(signal.values))[0]
    return signal.steps[first:][np.isnan(signal.values[first:])]


def _breaks(signal: Signal) -> int | None:
    """Returns the step from which a signal is infinite or NaN for good."""
    infinite = np.flatnonzero(np.isinf(signal.values))
    last = int(np.flatnonzero(np.isfinite(signal.values))[-1])
    gone = last + 1 if len(signal) - 1 - last >= LASTING else None
    first = min([*infinite[:1].tolist(), *([] if gone is None else [gone])], default=None)
    return None if first is None else int(signal.steps[first])
