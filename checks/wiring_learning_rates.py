"""Which learning rates are in force."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import number
from rca.runs.record import RunRecord

LOW, HIGH = 1e-6, 5e-3
"""Adam in TD3, SAC, DrQ-v2, SB3, CleanRL: 1e-4 to 1e-3."""
ADAPTIVE = ("adam", "rmsprop", "lamb", "lion", "adagrad", "adadelta")


@check(
    "wiring.learning_rates",
    title="Learning rates in force",
    needs=["wiring.optimizers"],
    severity=Severity.MAJOR,
)
def learning_rates(run: RunRecord) -> Finding:
    """Are the optimizers' learning rates the configured ones, and of a size that learns?

    Why: far below 1e-5 nothing moves in a run's time, far above 1e-3 Adam destroys what it learned.
    Remedy: print the optimizer after it was made; look for a rate that is set twice, and for a
        scheduler that is stepped at every update.
    Reference: Henderson et al. 2018; TD3 paper, table 3 (1e-3); the limits leave a factor of 5
        above and 100 below all defaults known. Plain SGD needs others: WARN. Our own trainer has no
        schedule of rates; that of another one is its own business.
    """
    assert run.wiring is not None
    rates = {
        part: rate
        for optimizer in run.wiring.optimizers.values()
        for part, rate in optimizer.rates.items()
        if part != "others"
    }
    if not rates:
        return Finding(Verdict.NOT_RUN, "0 optimizers hold a part of the agent")
    listed = ", ".join(f"{part} {rate:.2g}" for part, rate in rates.items())
    plain = [o.kind for o in run.wiring.optimizers.values() if not _is_adaptive(o.kind)]
    odd = [part for part, rate in rates.items() if not plain and not LOW <= rate <= HIGH]
    configured = {part: number(run, f"agent.{part}_lr") for part in rates}
    begun = rates | _first_rates(run)
    other = [
        f"{part} {configured[part]:.2g}"
        for part in rates
        if not math.isclose(begun[part], configured[part], rel_tol=1e-3)
        and not math.isnan(configured[part])
    ]
    moved = [
        f"{part} from {begun[part]:.2g} to {rate:.2g}"
        for part, rate in rates.items()
        if not math.isclose(begun[part], rate, rel_tol=1e-3)
    ]
    if moved and run.kind == "rca":
        also = f"; configured: {', '.join(other)}" if other else ""
        return Finding(
            Verdict.FAIL,
            f"changed on the way, which no setting asks for: {', '.join(moved)}{also}",
            suspects=("learning_rate_wrong", *(("config_not_read",) if other else ())),
        )
    if other:
        return Finding(
            Verdict.FAIL,
            f"in force: {listed}; configured: {', '.join(other)}",
            suspects=("config_not_read",),
        )
    if odd:
        return Finding(
            Verdict.FAIL,
            f"{listed}; sound are {LOW:g} to {HIGH:g}",
            suspects=("learning_rate_wrong",),
        )
    if plain:
        return Finding(
            Verdict.WARN,
            f"{', '.join(plain)} at {listed}: plain gradient steps",
            suspects=("learning_rate_wrong",),
        )
    return Finding(Verdict.PASS, listed)


def _first_rates(run: RunRecord) -> dict[str, float]:
    """Returns the rate of each part at the first look, as far as it was kept."""
    assert run.wiring is not None
    return {
        part: rate
        for optimizer in run.wiring.optimizers.values()
        for part, rate in (optimizer.first_rates or {}).items()
    }


def _is_adaptive(kind: str) -> bool:
    return any(name in kind.lower() for name in ADAPTIVE)
