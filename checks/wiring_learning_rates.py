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
    moved = _moved_on_the_way(run)
    if moved and run.kind == "rca":
        return Finding(
            Verdict.FAIL,
            f"in force at last: {listed}; changed on the way, which no setting asks for: {moved}",
            suspects=("learning_rate_wrong",),
        )
    other = (
        []
        if moved
        else [
            f"{part} {configured[part]:.2g}"
            for part, rate in rates.items()
            if not math.isclose(rate, configured[part], rel_tol=1e-3)
            and not math.isnan(configured[part])
        ]
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


def _moved_on_the_way(run: RunRecord) -> str:
    """Returns which rates are others than at the first look, "" if none is known to be."""
    assert run.wiring is not None
    return ", ".join(
        f"{part} from {first[part]:.2g} to {rate:.2g}"
        for optimizer in run.wiring.optimizers.values()
        if (first := optimizer.first_rates)
        for part, rate in optimizer.rates.items()
        if part != "others" and part in first and not math.isclose(rate, first[part], rel_tol=1e-3)
    )


def _is_adaptive(kind: str) -> bool:
    return any(name in kind.lower() for name in ADAPTIVE)
