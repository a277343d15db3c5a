"""Whether actions are executed with the configured exploration noise."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import action_range
from rca.judging import number
from rca.runs.record import RunRecord

MIN_NUMBERS = 50
MIN_STEPS = 4
LOW, HIGH = 0.6, 1.6
"""Ratios; 50 draws of a deviation lie within 0.7 to 1.3 in 99.7% of cases."""
UNASKED = 3
"""Steps for which nobody asked the policy: our own trainer asks in each of its learning phase."""
UNIFORM = 1 / math.sqrt(3)
"""Deviation of uniformly random actions in [-1, 1]: as much noise leaves little of a policy."""


@check(
    "wiring.exploration",
    title="Exploration noise in force",
    needs=["wiring.exploration"],
    severity=Severity.MAJOR,
)
def exploration(run: RunRecord) -> Finding:
    """Is the noise between the policy's action and the executed one that of the config?

    Why: noise that is scaled twice, or left out, leaves the agent with one behaviour to learn from.
    Remedy: compare the executed action with the policy's; look for two places that scale noise, and
        for a copy of the actor that drives in its place.
    Reference: defect D13 (a setting that nobody read); measured beside the first updates, where
        a schedule still has its first value (later too until there are 50 numbers), on the half of
        the noise that the ends of the range do not clip. Where actions have another range than
        [-1, 1], another trainer's noise may be given in units of it, as by TD3's authors.
    """
    assert run.wiring is not None
    stranger = _stranger(run)
    if stranger:
        return stranger
    seen, wanted = run.wiring.exploration, number(run, "agent.exploration_noise")
    if seen.numbers < MIN_NUMBERS or seen.deviation is None:
        return Finding(Verdict.NOT_RUN, f"{seen.numbers} numbers compared, {MIN_NUMBERS} needed")
    if math.isnan(wanted) or wanted <= 0:
        return Finding(Verdict.NOT_RUN, f"{seen.deviation:.3f} in force; nothing is configured")
    ratio = seen.deviation / wanted
    message = f"{seen.deviation:.3f} in force, {wanted:.3f} configured, from {seen.numbers} numbers"
    if LOW <= ratio <= HIGH:
        return Finding(Verdict.PASS, message, ratio)
    reach = action_range(run)
    if reach == 1.0:
        suspects = ("config_not_read", "exploration_noise_high")
        if seen.deviation > max(UNIFORM, wanted):
            message += f", {UNIFORM:.3f} of random actions: little of the policy is left"
            suspects = suspects[::-1]
        return Finding(Verdict.FAIL, message, ratio, suspects=suspects)
    message += f", actions reach {reach:.3g}"
    if LOW <= ratio / reach <= HIGH:
        return Finding(Verdict.PASS, f"{message}: scaled as they are", ratio)
    return Finding(Verdict.NOT_RUN, f"{message}: the unit of what is configured is not known")


def _stranger(run: RunRecord) -> Finding | None:
    """Returns the answer if somebody else than the policy drives, None if nobody is known to.

    Of our own trainer it is known that the actor drives in each step, once it is trained.
    """
    assert run.wiring is not None
    if run.kind != "rca":
        return None
    suspects = ("policy_not_driving", "action_path_wrong")
    asked, heard = run.wiring.features.get("actor", {}), run.wiring.updates
    is_due = heard >= MIN_STEPS * number(run, "agent.updates_per_step")  # steps between them
    if is_due and "learning" in asked and not asked.keys() & {"acting", "without gradients"}:
        message = f"the trained actor was asked for no action in {heard} updates: who drives?"
        return Finding(Verdict.FAIL, message, 0, suspects=suspects)
    steps, unasked = run.wiring.exploration.steps, run.wiring.exploration.unasked
    if unasked >= UNASKED:
        message = f"the policy was not asked in {unasked} of {steps} steps: who drives?"
        return Finding(Verdict.FAIL, message, unasked, suspects=suspects)
    return None
