"""Which discount the critic learns with."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import not_explained
from rca.judging import number
from rca.runs.record import RunRecord
from rca.wiring.facts import EquationFacts

LOW, HIGH = 0.8, 0.9995
"""Horizons of 5 and 2,000 steps; TD3, SAC and DrQ-v2 have 0.99."""
SAME = 1e-3
MIN_ROWS = 5
MIN_DECIDED = 3
"""Batches whose rewards tell the discount; it is the same in all of them."""


@check(
    "wiring.discount",
    title="Discount in force",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def discount(run: RunRecord) -> Finding:
    """Is the discount in force the configured one, and one that sees a few steps ahead?

    Why: near 0 the agent is blind to what comes, at 1 values have no bound.
    Remedy: set it between 0.95 and 0.995 and look where it enters the target.
    Reference: Sutton and Barto 2018, section 3.3; the discount is fitted to the critic's gradients
        (rca/wiring/equation.py), not read from a config. Rewards that are all the same leave open
        over how many steps another trainer sums.
    """
    assert run.wiring is not None
    found, wanted = run.wiring.equation.discount, number(run, "agent.discount")
    if found is None:
        return Finding(Verdict.NOT_RUN, "the critic's equation was not recognised in 1 batch")
    unknown = not_explained(run) or _undecided(run)
    if unknown:
        return unknown
    if found < LOW and _is_turned_round(run.wiring.equation):
        return Finding(
            Verdict.NOT_RUN,
            f"{round(found, 4) + 0.0:.4f} in force within episodes and more where they end: the "
            "terminal flag is turned round, see wiring.terminals",
        )
    message = f"{round(found, 4) + 0.0:.4f} in force"  # -0.0 + 0.0 is 0.0
    if not LOW <= found <= HIGH:
        return Finding(
            Verdict.FAIL,
            f"{message}, sound are {LOW} to {HIGH}",
            found,
            suspects=("discount_wrong",),
        )
    if abs(found - wanted) > SAME:
        return Finding(
            Verdict.FAIL,
            f"{message}, configured {wanted:.4f}",
            found,
            wanted,
            suspects=("config_not_read", "discount_wrong"),
        )
    return Finding(Verdict.PASS, message, found)


def _undecided(run: RunRecord) -> Finding | None:
    """Returns NOT_RUN if a foreign trainer's rewards do not tell over how many steps it sums."""
    assert run.wiring is not None
    seen = run.wiring.equation
    if run.kind == "rca" or seen.decided is None or seen.decided >= MIN_DECIDED:
        return None
    message = (
        f"rewards vary enough in {seen.decided} of {seen.fitted} batches, {MIN_DECIDED} needed: "
        "sums over several steps and another discount look the same"
    )
    return Finding(Verdict.NOT_RUN, message)


def _is_turned_round(seen: EquationFacts) -> bool:
    """Tells whether the steps that end an episode by themselves are those with a next value."""
    ends = seen.terminals
    return ends.get("bootstrapped", 0) >= max(MIN_ROWS, 2 * ends.get("cut", 0))
