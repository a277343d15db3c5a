"""How many units are dormant."""

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria, too_early
from rca.runs.record import RunRecord

LIMIT = 0.75
"""Calibrated on the benchmark's seed 1 (rca bench): healthy runs reach 51%, a silent layer 100%."""


@check("learner.dormant_units", title="Dormant units")
def dormant_units(run: RunRecord) -> Finding:
    """Do most units of every module still respond?

    Why: dormant units are capacity that no gradient reaches; networks that train on their own
        bootstrapped targets lose more and more of them.
    Remedy: lower the learning rate, add LayerNorm, or reset dormant units (ReDo).
    Reference: Sokar et al. 2023, "The Dormant Neuron Phenomenon": share of units below 0.025 of
        their layer's mean; last fifth of the readings.
    """
    early = too_early(run)
    if early:
        return early
    seen = [name for name in run.signals if name.endswith("/dormant") and run.has(name)]
    if not seen:
        return Finding(Verdict.NOT_RUN, "not recorded: any signal named .../dormant")
    shares = {name: run.signals[name].tail(0.2).median() for name in seen}
    return judge_criteria(
        [
            Criterion(f"{name} {share:.0%}", None if share != share else share <= LIMIT)
            for name, share in shares.items()
        ],
        suspects=("critic_diverged", "actor_saturated"),
    )
