"""Whether gradients reach every module."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria, vacuous, void
from rca.runs.record import RunRecord

MODULES = ("actor", "critic", "actor_encoder", "critic_encoder")


@check("gradients.flow", title="Gradients flow", severity=Severity.CRITICAL)
def gradients_flow(run: RunRecord) -> Finding:
    """Does every module receive finite gradients that are not 0?

    Why: a module without gradient is not trained, whatever its learning rate says.
    Remedy: look for detach, no_grad, eval mode, a missing optimizer, a saturated tanh.
    Reference: signals.md, "coverage" and "gradient norm"; limit: more than half of a module's
        readings are 0, or one is infinite.
    """
    reason = void(run)
    if reason:
        return vacuous(reason)
    seen = [part for part in MODULES if run.has(f"{part}/grad_norm")]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: gradient norms of any module")
    return judge_criteria(
        [_flow(run, part) for part in seen], suspects=("encoder_frozen", "actor_saturated")
    )


def _flow(run: RunRecord, part: str) -> Criterion:
    signal = run.signals[f"{part}/grad_norm"]
    norms = signal.finite()
    zeros, broken = float(np.mean(norms == 0)), int(np.sum(np.isinf(signal.values)))
    text = f"{part} median {np.median(norms):.3g}, {zeros:.0%} of {len(norms):,} are 0"
    text += f", {broken} infinite" if broken else ""
    return Criterion(text, zeros <= 0.5 and not broken)
