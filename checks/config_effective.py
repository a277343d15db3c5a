"""Whether declared values are the ones in force."""

import math

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria, number
from rca.runs.record import Observed, RunRecord

LOGGED = {
    "agent.exploration_noise": "explore/noise",
    "agent.actor_lr": "actor/lr",
    "agent.critic_lr": "critic/lr",
    "agent.actor_encoder_lr": "actor_encoder/lr",
    "agent.critic_encoder_lr": "critic_encoder/lr",
}


@check("config.effective", title="Declared and effective values")
def effective(run: RunRecord) -> Finding:
    """Are the declared values the ones that telemetry shows in force?

    Why: a value that is declared and never read makes every experiment on it void.
    Remedy: find who sets the logged value; refuse unknown and unread keys when loading.
    Reference: signals.md, "config reachability"; limit 1%, far above float32 rounding.
    """
    criteria = [_observed(key, item) for key, item in run.observed.items()]
    criteria += [
        _compare(run, key, name)
        for key, name in LOGGED.items()
        if key not in run.observed and run.has(name)
    ]
    if not criteria:
        return Finding(Verdict.NOT_RUN, f"not recorded: {', '.join(LOGGED.values())}")
    return judge_criteria(criteria, suspects=("config_not_read",))


def _observed(key: str, item: Observed) -> Criterion:
    seen = f"{item.value:.6g}" if math.isfinite(item.high) else f"at least {item.low:.6g}"
    if not math.isclose(item.value, item.last, rel_tol=0.01, abs_tol=1e-12):
        seen += f" to {item.last:.4g}"
    if item.declared is None or not math.isfinite(item.declared):
        return Criterion(f"{key} is not declared, in force {seen} ({item.source})", None)
    text = f"{key} declared {item.declared:.6g}, in force {seen} ({item.source})"
    return Criterion(text, not item.differs)


def _compare(run: RunRecord, key: str, name: str) -> Criterion:
    values = run.signals[name].finite()
    low, high = float(values.min()), float(values.max())
    logged = f"{low:.4g}" if math.isclose(low, high, rel_tol=1e-6) else f"{low:.4g} to {high:.4g}"
    declared = number(run, key)
    if math.isnan(declared):
        return Criterion(f"{key} is not declared, in force {logged}", None)
    same = all(math.isclose(v, declared, rel_tol=0.01, abs_tol=1e-12) for v in (low, high))
    return Criterion(f"{key} declared {declared:.4g}, in force {logged}", same)
