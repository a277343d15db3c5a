"""Whether the target policy is smoothed as configured."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import action_range
from rca.judging import number
from rca.runs.record import RunRecord

MIN_CALLS = 10
OFF = 1e-6
LARGEST_NOISE, LARGEST_CLIP = 0.6, 1.0
"""Three and two times the paper's: beyond it, most of the range of actions is averaged over."""
SLACK = 0.25
"""Relative, of the deviation: about 3 standard errors of 10 batches of 32 actions, twice over."""


@check(
    "wiring.smoothing",
    title="Target policy smoothing",
    needs=["wiring.smoothing"],
    severity=Severity.MAJOR,
)
def smoothing(run: RunRecord) -> Finding:
    """Is clipped noise of the configured size added to the target policy's action?

    Why: without it the critic fits sharp peaks in the action; unclipped it averages over actions
        that have nothing to do with the policy.
    Remedy: add clamp(N(0, target_noise), -c, c) to the target action, there and nowhere else.
    Reference: TD3 paper, section 5.3: 0.2, clipped at 0.5. Measured between target policy and
        target critic; the expected deviation is that of the clipped normal distribution. The
        paper's code multiplies both by the largest action; of actions of another range than
        [-1, 1], another trainer's noise may be given either way.
    """
    assert run.wiring is not None
    seen = run.wiring.smoothing
    noise, clip = (number(run, f"agent.{key}") for key in ("target_noise", "target_noise_clip"))
    if seen.calls < MIN_CALLS or seen.deviation is None or seen.largest is None:
        return Finding(Verdict.NOT_RUN, f"{seen.calls} calls of the target critic seen")
    if math.isnan(noise) or math.isnan(clip):
        return Finding(Verdict.NOT_RUN, f"{seen.deviation:.3f} added; no target_noise is known")
    one_critic = run.wiring.equation.fitted and not run.wiring.equation.reductions
    if seen.largest < OFF and one_critic:
        return Finding(Verdict.VACUOUS, f"one critic and none added ({seen.largest:.1g}): DDPG")
    if seen.largest < OFF:
        return Finding(
            Verdict.WARN,
            f"none added: at most {seen.largest:.1g}, TD3 has 0.2",
            seen.deviation,
            suspects=("smoothing_wrong",),
        )
    return _sized(run, seen.deviation, seen.largest, noise, clip)


def _sized(run: RunRecord, deviation: float, largest: float, noise: float, clip: float) -> Finding:
    """Returns whether the noise that was added is the configured one."""
    wanted, reach = _clipped_deviation(noise, clip), action_range(run)
    message = (
        f"deviation {deviation:.3f}, largest {largest:.3f}; "
        f"configured {wanted:.3f} and at most {clip:.3f}"
    )
    if noise > LARGEST_NOISE * max(1.0, reach) or clip > LARGEST_CLIP * max(1.0, reach):
        return Finding(
            Verdict.FAIL,
            f"{message}; sound are {LARGEST_NOISE} and {LARGEST_CLIP} at most",
            deviation,
            suspects=("smoothing_wrong",),
        )
    if _is_as_wanted(deviation, largest, wanted, clip):
        return Finding(Verdict.PASS, message, deviation)
    if reach == 1.0:
        return Finding(Verdict.FAIL, message, deviation, suspects=("smoothing_wrong",))
    message += f", actions reach {reach:.3g}"
    if _is_as_wanted(deviation / reach, largest / reach / (1 + SLACK), wanted, clip):
        return Finding(Verdict.PASS, f"{message}: scaled as they are", deviation)
    return Finding(Verdict.NOT_RUN, f"{message}: the unit of what is configured is not known")


def _is_as_wanted(deviation: float, largest: float, wanted: float, clip: float) -> bool:
    is_near = abs(deviation - wanted) <= SLACK * max(wanted, deviation) + 1e-3
    return is_near and largest <= clip * 1.001 + 1e-6


def _clipped_deviation(noise: float, clip: float) -> float:
    """Returns the standard deviation of a centred normal variable clipped at +-clip."""
    if noise <= 0 or clip <= 0:
        return 0.0
    edge = clip / noise
    inside = math.erf(edge / math.sqrt(2)) - edge * math.sqrt(2 / math.pi) * math.exp(
        -(edge**2) / 2
    )
    return math.sqrt(noise**2 * inside + clip**2 * math.erfc(edge / math.sqrt(2)))
