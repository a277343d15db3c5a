"""Whether features keep their directions."""

import numpy as np

from rca.checking import Finding, check, fail_below
from rca.judging import too_few
from rca.runs.record import RunRecord
from rca.stats import trend_p

MIN_READINGS = 8
"""A rank trend at 1% needs a handful; 8 in falling order happen by chance once in 40,000."""


@check(
    "encoder.effective_rank",
    title="Effective rank of features",
    needs=["critic_encoder/effective_rank"],
)
def effective_rank(run: RunRecord) -> Finding:
    """Do the critic's features keep as many directions as they began with?

    Why: features that collapse onto few directions can no longer tell states apart, and values
        bootstrapped on them get worse.
    Remedy: lower the replay ratio or the learning rate; add random-shift augmentation.
    Reference: Kumar et al. 2021, "Implicit Under-Parameterization": falling trend. FAIL where
        Kendall's tau falls at 1% and the last fifth is below half of the first (start).
    """
    rank = run.signals["critic_encoder/effective_rank"]
    values = rank.finite()
    few = too_few(len(values), MIN_READINGS, "readings of the effective rank")
    if few:
        return few
    fifth = max(1, len(values) // 5)
    first, last = float(np.median(values[:fifth])), float(np.median(values[-fifth:]))
    p = trend_p(-values)
    ratio = last / first if first > 0 else 1.0
    message = f"effective rank goes from {first:,.0f} to {last:,.0f} (p falling {p:.2g})"
    if np.isnan(p):
        message = f"effective rank stays at {first:,.0f} in {len(values)} readings"
    return fail_below(ratio if p < 0.01 else max(ratio, 0.5), 0.5, message, unit="1")
