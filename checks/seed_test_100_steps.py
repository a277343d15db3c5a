"""The seed's checklist: the test of 100 steps."""

import numpy as np

from rca.checking import Finding, check
from rca.judging import Criterion, judge_criteria, void
from rca.runs.record import RunRecord
from rca.seed_stages import crash, not_reached

STEPS = 100
COPY = "probed/"
"""Prefix of signals of a copy of the agent that was updated after the run (`--probe-updates`);
their steps count its updates."""


@check("seed.test_100_steps", title="Seed: 100-step test", needs=["phases"], driving=True)
def test_100_steps(run: RunRecord) -> Finding:
    """Do the first 100 steps pass without a crash, with gradients flowing and sane losses?

    Why: the seed's short test, as the seed wrote it.
    Remedy: to make it observable, let learning start within the test (`rca run short
        --scale-warmup`), or update a copy of the agent after it (`--probe-updates 20`).
    Reference: seed.md, "Phase B" and "Verification Checklist"; under the seed's own configuration
        it holds 0 updates (evidence.md, section 2).
    """
    missing = not_reached(run, STEPS, "short")
    if missing:
        return missing
    reason = void(run, by=STEPS)
    if not reason:
        learning = [_gradients(run), _losses(run)]
    elif run.has(f"{COPY}critic/loss"):
        learning = [_on_copy(_gradients(run, COPY)), _on_copy(_losses(run, COPY))]
    else:
        learning = [Criterion(f"gradients, losses: {reason}", None)]
    return judge_criteria([crash(run, STEPS), *learning], steps=(1, STEPS))


def _on_copy(criterion: Criterion) -> Criterion:
    return Criterion(f"{criterion.text} (on a copy updated after the run)", criterion.met)


def _gradients(run: RunRecord, prefix: str = "") -> Criterion:
    names = (f"{prefix}actor_encoder/grad_norm", f"{prefix}critic_encoder/grad_norm")
    parts = {n: run.signals[n].between(1, STEPS).finite() for n in names if n in run.signals}
    read = {name: values for name, values in parts.items() if len(values)}
    if len(read) < len(names):
        return Criterion("gradients of the encoders are not recorded", None)
    text = ", ".join(f"{name} median {np.median(values):.3g}" for name, values in read.items())
    return Criterion(text, all(bool((values > 0).any()) for values in read.values()))


def _losses(run: RunRecord, prefix: str = "") -> Criterion:
    loss = run.signals.get(f"{prefix}critic/loss")
    part = loss.between(1, STEPS) if loss is not None else None
    if part is None or not len(part.finite()):
        return Criterion("losses are not recorded", None)
    broken = len(part) - len(part.finite())
    text = f"critic loss up to {part.finite().max():.3g}, {broken} of {len(part)} not finite"
    return Criterion(text, broken == 0)
