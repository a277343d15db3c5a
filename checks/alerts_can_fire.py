"""Whether the trainer's own alarms can go off."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import in_force, vacuous
from rca.runs.record import RunRecord

VALUES = ("actor/q_max", "actor/q_mean", "critic/q1_max", "critic/q1_mean", "actor/loss")
REWARDS = ("env/reward", "batch/reward_min", "batch/reward_max")


@check("alerts.can_fire", title="Alarms", severity=Severity.MINOR)
def alerts_can_fire(run: RunRecord) -> Finding:
    """Did the trainer's own alarms go off when values left what rewards allow?

    Why: an alarm whose threshold lies far above a clipped norm never fires, and its silence is
        read as health.
    Remedy: set thresholds on what is measured before clipping; test each alarm with a planted
        fault.
    Reference: defect D21 of the recorded runs; values against max abs(r) / (1 - discount), as in
        critic.soft_divergence.
    """
    alerts = {n: s.finite() for n, s in run.signals.items() if n.startswith("alerts/")}
    alerts = {name: values for name, values in alerts.items() if len(values)}
    if not alerts and run.kind == "rca":
        message = "our trainer has no alarms of its own, `rca check` and `rca watch` stand in"
        return Finding(Verdict.NOT_RUN, message)
    if not alerts:
        return Finding(Verdict.NOT_RUN, "not recorded: any signal named alerts/...")
    fired = sum(bool(np.any(values > 0)) for values in alerts.values())
    if fired:
        message = f"{fired} of {len(alerts)} alarms went off"
        return Finding(Verdict.PASS, message, fired, len(alerts))
    value, bound = _largest(run), _bound(run)
    if not value > bound:
        return vacuous(f"0 of {len(alerts)} alarms went off, and nothing to alarm about was seen")
    message = (
        f"0 of {len(alerts)} alarms went off, though a value reached {value:,.3g} where rewards "
        f"allow {bound:,.3g}"
    )
    return Finding(Verdict.FAIL, message, value, bound, suspects=("alerts_cannot_fire",))


def _largest(run: RunRecord) -> float:
    found = [np.abs(run.signals[name].finite()) for name in VALUES if run.has(name)]
    return max((float(values.max()) for values in found), default=np.nan)


def _bound(run: RunRecord) -> float:
    found = [np.abs(run.signals[name].finite()) for name in REWARDS if run.has(name)]
    largest = max((float(values.max()) for values in found), default=np.nan)
    discount = in_force(run, "agent.discount")
    return largest / (1 - discount) if 0 <= discount < 1 else np.nan
