"""The seed's checklist: the test of 100 steps."""

import numpy as np

from rca.checking import Finding, check
from rca.judging import Criterion, crash, judge_criteria, not_reached, void
from rca.runs.record import RunRecord

STEPS = 100


@check("seed.test_100_steps", title="Seed: 100-step test", needs=["phases"])
def test_100_steps(run: RunRecord) -> Finding:
    """Do the first 100 steps pass without a crash, with gradients flowing and sane losses?

    Why: the seed's short test, as the seed wrote it.
    Remedy: to make it observable, let learning start within the test:
        `rca run short --set agent.learning_starts=50`.
    Reference: seed.md, "Phase B" and "Verification Checklist"; under the seed's own configuration
        it holds 0 updates (evidence.md, section 2).
    """
    missing = not_reached(run, STEPS, "short")
    if missing:
        return missing
    reason = void(run, by=STEPS)
    learning = (
        [Criterion(f"gradients, losses: {reason}", None)]
        if reason
        else [_gradients(run), _losses(run)]
    )
    return judge_criteria([crash(run, STEPS), *learning], steps=(1, STEPS))


def _gradients(run: RunRecord) -> Criterion:
    names = ("actor_encoder/grad_norm", "critic_encoder/grad_norm")
    parts = {n: run.signals[n].between(1, STEPS).finite() for n in names if n in run.signals}
    read = {name: values for name, values in parts.items() if len(values)}
    if len(read) < len(names):
        return Criterion("gradients of the encoders are not recorded", None)
    text = ", ".join(f"{name} median {np.median(values):.3g}" for name, values in read.items())
    return Criterion(text, all(bool((values > 0).any()) for values in read.values()))


def _losses(run: RunRecord) -> Criterion:
    loss = run.signals.get("critic/loss")
    part = loss.between(1, STEPS) if loss is not None else None
    if part is None or not len(part.finite()):
        return Criterion("losses are not recorded", None)
    broken = len(part) - len(part.finite())
    text = f"critic loss up to {part.finite().max():.3g}, {broken} of {len(part)} not finite"
    return Criterion(text, broken == 0)
