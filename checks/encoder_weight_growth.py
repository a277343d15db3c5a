"""Whether encoder weights explode."""

import numpy as np

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord, Signal

GROWTH = 3.0
ENCODERS = ("actor_encoder", "critic_encoder")


@check("encoder.weight_growth", title="Encoder weights grow")
def weight_growth(run: RunRecord) -> Finding:
    """Do the encoders' weights stay of the size that they started with?

    Why: weights that multiply make features that nothing bounds; an actor whose loss flows into
        its own encoder can raise its value that way without any reward.
    Remedy: see actor.policy_q_gap; lower the encoder's learning rate; train the encoder by the
        critic's loss alone.
    Reference: drift relative to the first weights, or growth of their spread; limit 3 times
        (start).
    """
    criteria = [item for part in ENCODERS if (item := _growth(run, part))]
    if not criteria:
        return Finding(Verdict.NOT_RUN, "not recorded: drift or parameters of an encoder")
    return judge_criteria(criteria, suspects=("actor_critic_feature_mixup",))


def _growth(run: RunRecord, part: str) -> Criterion | None:
    drift, spread = run.signals.get(f"{part}/drift"), run.signals.get(f"{part}/param_std")
    if drift is not None and len(drift.finite()):
        largest = float(drift.finite().max())
        return Criterion(f"{part} drifts by up to {largest:.3g} of its norm", largest <= GROWTH)
    return _spread(part, spread) if spread is not None and len(spread.finite()) > 1 else None


def _spread(part: str, spread: Signal) -> Criterion:
    values = np.abs(spread.finite())
    ratio = float(values.max() / max(values[0], 1e-12))
    return Criterion(f"{part} parameter spread grows {ratio:.3g} times", ratio <= GROWTH)
