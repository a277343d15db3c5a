"""Whether declared values are the ones in force."""

import math

from rca.checking import Finding, Verdict, check
from rca.judging import Criterion, judge_criteria, number
from rca.runs.record import RunRecord

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
    pairs = {key: name for key, name in LOGGED.items() if run.has(name)}
    criteria = [_compare(run, key, name) for key, name in pairs.items()]
    if not criteria:
        return Finding(Verdict.NOT_RUN, f"not recorded: {', '.join(LOGGED.values())}")
    return judge_criteria(criteria, suspects=("config_not_read",))


def _compare(run: RunRecord, key: str, name: str) -> Criterion:
    values = run.signals[name].finite()
    low, high = float(values.min()), float(values.max())
    logged = f"{low:.4g}" if math.isclose(low, high, rel_tol=1e-6) else f"{low:.4g} to {high:.4g}"
    declared = number(run, key)
    if math.isnan(declared):
        return Criterion(f"{key} is not declared, logged {logged}", None)
    same = all(math.isclose(v, declared, rel_tol=0.01, abs_tol=1e-12) for v in (low, high))
    return Criterion(f"{key} declared {declared:.4g}, logged {logged}", same)
