"""Whether declared values are the ones in force."""

import math

import numpy as np

from rca.checking import Finding, Verdict, check
from rca.foreign import rates_seen
from rca.judging import Criterion, Floats, judge_criteria, number
from rca.runs.record import Observed, RunRecord

NOISE = "agent.exploration_noise"
LOGGED = {
    NOISE: "explore/noise",
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
    Reference: signals.md, "config reachability"; limit 1%, far above float32 rounding. A declared
        noise schedule is compared reading by reading, to within one step of its slope. A learning
        rate that begins as declared and falls was read; so was what somebody else's schedule moves,
        if it passes through the declared value.
    """
    scheduled = run.has("explore/noise") and not math.isnan(number(run, f"{NOISE}_final"))
    judged = {NOISE} if scheduled else set()
    criteria = [_schedule(run)] if scheduled else []
    criteria += [
        _observed(run, key, item) for key, item in run.observed.items() if key not in judged
    ]
    criteria += [
        _compare(run, key, name)
        for key, name in LOGGED.items()
        if key not in judged | run.observed.keys() and run.has(name)
    ]
    if not criteria:
        return Finding(Verdict.NOT_RUN, f"not recorded: {', '.join(LOGGED.values())}")
    return judge_criteria(criteria, suspects=("config_not_read",))


def _observed(run: RunRecord, key: str, item: Observed) -> Criterion:
    seen = f"{item.value:.6g}" if math.isfinite(item.high) else f"at least {item.low:.6g}"
    if not math.isclose(item.value, item.last, rel_tol=0.01, abs_tol=1e-12):
        seen += f" to {item.last:.4g}"
    if item.declared is None or not math.isfinite(item.declared):
        return Criterion(f"{key} is not declared, in force {seen} ({item.source})", None)
    text = f"{key} declared {item.declared:.6g}, in force {seen} ({item.source})"
    is_met = not item.differs or (key.endswith("_lr") and _falls_from(run, item))
    return Criterion(text, is_met)


def _falls_from(run: RunRecord, item: Observed) -> bool:
    """Whether a rate falls from the declared one: it was read, and a schedule moves it.

    A trainer that logs seldom shows it late: as far below as it falls from there to the next.
    """
    signal = next((s for s in run.signals.values() if item.source in (s.tag, s.name)), None)
    known = np.isfinite(signal.values) if signal is not None else np.zeros(0, bool)
    if signal is None or known.sum() < 2 or item.declared is None:
        return False
    values, steps = signal.values[known], signal.steps[known]
    slope = max(0.0, values[0] - values[1]) / max(1, steps[1] - steps[0])
    at_first = values[0] + slope * steps[0]
    return bool(values[-1] < values[0] and values[0] * 0.99 <= item.declared <= at_first * 1.01)


def _compare(run: RunRecord, key: str, name: str) -> Criterion:
    values = run.signals[name].finite()
    low, high = float(values.min()), float(values.max())
    logged = f"{low:.4g}" if math.isclose(low, high, rel_tol=1e-6) else f"{low:.4g} to {high:.4g}"
    declared = number(run, key)
    if math.isnan(declared):
        return Criterion(f"{key} is not declared, in force {logged}", None)
    if run.kind == "recording" and not math.isclose(low, high, rel_tol=0.01):
        others = rates_seen(run, name.removesuffix("/lr")) if key.endswith("_lr") else values
        return _passed_through(key, declared, values, others)
    first = float(values[0])
    is_audited = run.wiring and any(o.first_rates for o in run.wiring.optimizers.values())
    if is_audited and key.endswith("_lr") and low < first and _same(first, declared):
        # What is read once and changed later is no dead key: wiring.learning_rates judges it.
        return Criterion(f"{key} declared {declared:.4g}, in force at first, then {logged}", True)
    same = all(_same(v, declared) for v in (low, high))
    return Criterion(f"{key} declared {declared:.4g}, in force {logged}", same)


def _passed_through(key: str, declared: float, values: Floats, seen: Floats) -> Criterion:
    """Returns whether what somebody else's schedule moves passes through what was declared.

    A warm-up that has not come to its end shows neither.

    Args:
        key: Judged.
        declared: Its value.
        values: As logged, in order of time.
        seen: All that are known to have been in force.
    """
    low, high = float(seen.min()), float(seen.max())
    text = f"{key} declared {declared:.4g}, in force {low:.4g} to {high:.4g}"
    if values[-1] == high and declared > high:
        return Criterion(f"{text} and rising", None)
    return Criterion(text, low * 0.99 <= declared <= high * 1.01)


def _same(value: float, declared: float) -> bool:
    return math.isclose(value, declared, rel_tol=0.01, abs_tol=1e-12)


def _schedule(run: RunRecord) -> Criterion:
    """Returns whether exploration noise follows the declared linear schedule."""
    keys = (NOISE, f"{NOISE}_final", f"{NOISE}_steps", "agent.learning_starts")
    first, last, steps, starts = (number(run, key) for key in keys)
    text = f"{NOISE} declared {first:.4g} to {last:.4g} over {steps:,.0f} steps"
    if not (math.isfinite(first + last + starts) and 0 < steps < math.inf):
        return Criterion(f"{NOISE} has a schedule that is not declared in full", None)
    noise = run.signals["explore/noise"]
    known = np.isfinite(noise.values)
    wanted = np.interp(noise.steps[known], [starts + 1, starts + 1 + steps], [first, last])
    slack = 0.01 * np.abs(wanted) + abs(last - first) / steps + 1e-12
    off = np.abs(noise.values[known] - wanted) - slack
    worst = int(np.argmax(off))
    text += f", logged {noise.values[known][worst]:.4g} where it wants {wanted[worst]:.4g}"
    return Criterion(f"{text} (step {noise.steps[known][worst]:,})", bool(off[worst] <= 0))
