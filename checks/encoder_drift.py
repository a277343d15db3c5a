"""Whether the encoders' weights change."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import frozen_on_purpose, kept_frozen
from rca.judging import Criterion, judge_criteria, not_due, vacuous, void
from rca.runs.record import RunRecord, Signal
from rca.wiring.facts import MIN_LOOKS

FROZEN = 1e-6
ENCODERS = ("actor_encoder", "critic_encoder")


@check("encoder.drift", title="Encoders change", severity=Severity.CRITICAL)
def encoder_drift(run: RunRecord) -> Finding:
    """Do the encoders' weights change once learning has begun?

    Why: a frozen random encoder leaves actor and critic with features that nothing shaped for
        the task.
    Remedy: put the encoder's parameters into an optimizer, in train mode, outside no_grad.
    Reference: signals.md, "drift from start": norm(w - w0) / norm(w0) about 0; limit 1e-6, below
        which signals.md calls an update frozen. One that another trainer froze on purpose: WARN.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    updates = run.outcome.critic_updates
    if updates is not None and updates < MIN_LOOKS:
        return vacuous(f"{updates} updates, {MIN_LOOKS} needed")
    kept = frozen_on_purpose(run) if run.wiring else frozenset()
    due = [part for part in ENCODERS if part not in not_due(run) | kept]
    criteria = [c for part in due if (c := _changed(run, part))]
    if not criteria:
        message = "not recorded: drift or parameters of an encoder"
        return kept_frozen(kept) or Finding(Verdict.NOT_RUN, message)
    return judge_criteria(criteria, suspects=("encoder_frozen",))


def _changed(run: RunRecord, part: str) -> Criterion | None:
    drift, params = run.signals.get(f"{part}/drift"), run.signals.get(f"{part}/param_std")
    if drift is not None and len(drift.finite()):
        last = float(drift.finite()[-1])
        return Criterion(f"{part} drifted by {last:.3g} of its norm", last > FROZEN)
    if params is None or len(params.finite()) < 2:
        return None
    return _spread(part, params)


def _spread(part: str, params: Signal) -> Criterion:
    values = params.finite()
    change = float(np.ptp(values) / max(abs(values[0]), 1e-12))
    return Criterion(f"{part} parameter spread changed by {change:.3g} of itself", change > FROZEN)
