"""Which learning rates are in force."""

import math

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import rates_seen
from rca.judging import number
from rca.runs.record import RunRecord

LOW, HIGH = 1e-6, 5e-3
"""Adam in TD3, SAC, DrQ-v2, SB3, CleanRL: 1e-4 to 1e-3."""
SAME = 1e-3
"""Relative difference up to which two rates are one."""
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
        schedule of rates; that of another one is its own business: its largest rate is judged, and
        a configured rate that it passes through was read.
    """
    assert run.wiring is not None
    rates = _last_rates(run)
    if not rates:
        return Finding(Verdict.NOT_RUN, "0 optimizers hold a part of the agent")
    ranges = {part: _range(run, part, rate) for part, rate in rates.items()}
    listed = ", ".join(f"{part} {_said(*ranges[part])}" for part in rates)
    plain = [o.kind for o in run.wiring.optimizers.values() if not _is_adaptive(o.kind)]
    odd = [part for part in rates if not plain and not LOW <= ranges[part][1] <= HIGH]
    other = _not_read(run, rates, ranges)
    moved = _moved(run, rates)
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


def _moved(run: RunRecord, rates: dict[str, float]) -> list[str]:
    """Returns a few words for each part whose rate at the last look is not that at the first."""
    begun = rates | _first_rates(run)
    return [
        f"{part} from {begun[part]:.2g} to {rate:.2g}"
        for part, rate in rates.items()
        if not math.isclose(begun[part], rate, rel_tol=SAME)
    ]


def _range(run: RunRecord, part: str, last: float) -> tuple[float, float]:
    """Returns the rate to be judged of a part, twice, or the smallest and the largest one seen.

    Our own trainer has one rate, the first; another one has a schedule, or none.
    """
    if run.kind == "rca":
        first = _first_rates(run).get(part, last)
        return first, first
    seen = rates_seen(run, part)
    return float(np.min(seen)), float(np.max(seen))


def _not_read(
    run: RunRecord, rates: dict[str, float], ranges: dict[str, tuple[float, float]]
) -> list[str]:
    """Returns a few words for each part whose configured rate was never in force."""
    declared = {part: number(run, f"agent.{part}_lr") for part in rates}
    configured = {part: rate for part, rate in declared.items() if not math.isnan(rate)}
    return [
        f"{part} {wanted:.2g}"
        for part, wanted in configured.items()
        if not _was_read(wanted, rates[part], ranges[part])
    ]


def _was_read(configured: float, last: float, seen: tuple[float, float]) -> bool:
    """Tells whether a configured rate is among those seen, or still to be reached by a warm-up."""
    low, high = seen
    is_rising = low < last and last >= high * (1 - SAME) and configured > high
    return is_rising or low * (1 - SAME) <= configured <= high * (1 + SAME)


def _said(low: float, high: float) -> str:
    return f"{high:.2g}" if math.isclose(low, high, rel_tol=SAME) else f"{low:.2g} to {high:.2g}"


def _last_rates(run: RunRecord) -> dict[str, float]:
    """Returns the rate of each part at the last look."""
    assert run.wiring is not None
    return {
        part: rate
        for optimizer in run.wiring.optimizers.values()
        for part, rate in optimizer.rates.items()
        if part != "others"
    }


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
