"""Whether updates are those that an independent implementation makes of the same settings."""

import math
import statistics

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord
from rca.wiring.recomputed import PartFacts

MIN_UPDATES = 4
MIN_SEEN = 3
"""Of them in which a part has something to do; a delayed actor has in half of them."""
OFTEN = 1 / 3
"""Share of the recomputed updates from which a part counts as another one, and not as a slip."""
LIMITS = {"value": 1e-3, "target": 1e-3, "gradient": 0.05, "step": 0.1, "others": 0.0, "move": 0.3}
"""By the part's first word. Float32 leaves 3e-7 in values, 2e-7 in gradients, 1e-5 in Adam's steps
and, of targets that hardly move, 0.04: measured on our own trainer with each of its switches
(tests/test_runs_recomputing.py)."""
CAUSES = {
    "value": "network_altered",
    "target": "target_value_wrong",
    "gradient of critic": "loss_wrong",
    "gradient of actor": "policy_loss_wrong",
    "step": "optimizer_wrong",
    "others": "optimizer_wrong",
    "move": "target_wrong",
}
"""By how a part's name begins."""


@check(
    "wiring.recomputed",
    title="Updates recomputed",
    needs=["wiring.recomputed"],
    severity=Severity.CRITICAL,
)
def recomputed(run: RunRecord) -> Finding:
    """Does an independent TD3, given the same weights, batch, noise and settings, do the same?

    Why: whatever is wrong with an update makes it another one, known mistake or not.
    Remedy: compare the named part with the paper's algorithm line by line: overridden methods,
        hooks, what changes weights, optimizers or gradients from outside.
    Reference: TD3 paper, algorithm 1, written out in rca/td3/plain.py; differential testing
        (McKeeman 1998). Only our own trainer can be recomputed. What lies before the update, in the
        memory or the environment, is the same for both and not judged here.
    """
    assert run.wiring is not None
    assert run.wiring.recomputed is not None
    seen = run.wiring.recomputed
    numbers = {number for part in seen.parts.values() for number in part.updates}
    if seen.error:
        why = f"ended after {len(numbers)} updates: {seen.error}"
        return Finding(Verdict.NOT_RUN, f"{why}; networks of another kind")
    if len(numbers) < MIN_UPDATES:
        few = f"{len(numbers)} updates recomputed, {MIN_UPDATES} needed"
        return Finding(Verdict.VACUOUS, few)
    off = {name: text for name, part in seen.parts.items() if (text := _off(name, part))}
    if not off:
        return Finding(Verdict.PASS, f"{len(numbers)} updates recomputed, all parts the same")
    named = _first(off)
    suspects = dict.fromkeys(
        cause for name in named for begin, cause in CAUSES.items() if name.startswith(begin)
    )
    said = "; ".join(off[name] for name in named)
    message = f"{len(numbers)} updates recomputed: {said}"
    return Finding(Verdict.FAIL, message, suspects=tuple(suspects))


def _off(name: str, part: PartFacts) -> str:
    """Returns how a part differs, "" if it is the same."""
    limit = LIMITS[name.split()[0]]
    seen = zip(part.differences, part.shares, strict=True)
    # Where nothing moves and nothing should, as in a delayed actor, there is nothing to see.
    known = [one for one, share in seen if one is not None and (one or share is not None)]
    beyond = [one for one in known if one > limit]
    if len(known) < MIN_SEEN or len(beyond) <= OFTEN * len(known):
        return ""
    shares = [one for one in part.shares if one is not None]
    last = known[-1] if known else 0.0
    is_scaled = bool(shares) and math.isclose(abs(1 - shares[-1]), last, rel_tol=0.1)
    share = f", at last {shares[-1]:.2g} times as long as it should be" if is_scaled else ""
    return f"{name} off by {statistics.median(beyond):.1%}{share}"


def _first(off: dict[str, str]) -> list[str]:
    """Returns the parts that do not follow from another one.

    Networks that compute something else spoil everything, a gradient the step behind it.
    """
    if "value" in off:
        return ["value"]
    gradients = {name.removeprefix("gradient of ") for name in off if name.startswith("gradient")}
    return [name for name in off if name.removeprefix("step of ") not in gradients]
