"""Whether networks see numbers of a size that they can work with."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

PIXELS = 10.0
"""Scaled pixels lie within 1 (NatureCNN, /255) or 3 (standardised); raw ones reach 255."""
DARK = 0.01
"""Scaled pixels reach at least 0.1 in any but a black picture; divided twice, 1/255 = 0.004."""
VECTOR = 20.0
"""SB3's docs: normalise observations to about 1; 20 leaves room for unscaled speeds in m/s."""


@check("wiring.inputs", title="Size of inputs", needs=["wiring.inputs"], severity=Severity.MAJOR)
def inputs(run: RunRecord) -> Finding:
    """Do pixels and vector observations reach the networks as finite numbers of a size near 1?

    Why: inputs of hundreds saturate the first layers and drown everything else in them, inputs of
        thousandths are drowned themselves.
    Remedy: divide pixels by 255, once; divide each vector entry by its largest value.
    Reference: Mnih et al. 2015 (pixels / 255); Stable-Baselines3, RL tips: normalise observations.
    """
    assert run.wiring is not None
    seen = run.wiring.inputs
    pixels = {name: value for name, value in seen.pixels.items() if value is not None}
    if not seen.pixels and seen.vector is None:
        return Finding(Verdict.NOT_RUN, "0 inputs were seen: no convolution, no vector")
    largest = max(pixels.values(), default=0.0)
    numbers = seen.vector or 0.0
    smallest = min((value for value in pixels.values() if value), default=1.0)  # 0: all black
    broken = " and ".join(name for name, value in seen.pixels.items() if value is None)
    dark = f"pixels of at most {smallest:.3g}, at least {DARK:g} is wanted"
    pixels_reach = f"pixels up to {largest:.3g}, limit {PIXELS:.0f}"
    vector_reaches = f"vector up to {numbers:.3g}, limit {VECTOR:.0f}"
    judged = (
        (bool(broken), f"a picture of {broken} is not finite", "nan_values"),
        (smallest < DARK, dark, "image_unscaled"),
        (largest > PIXELS, pixels_reach, "image_unscaled"),
        (numbers > VECTOR, vector_reaches, "observation_unscaled"),
    )
    wrong = {said: cause for is_wrong, said, cause in judged if is_wrong}
    if wrong:
        return Finding(Verdict.FAIL, "; ".join(wrong), suspects=tuple(wrong.values()))
    return Finding(Verdict.PASS, f"{pixels_reach}; {vector_reaches}")
