"""What combinations of fixes say, by the arms' means: Shapley values, interactions, an order."""

import math
from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from rca.study.factors import Arm


def shapley(means: dict[Arm, float], factors: Sequence[str]) -> dict[str, float]:
    """Returns each factor's exact share of the difference between the ends (Shapley 1953).

    Args:
        means: Of the outcome by arm; every combination of the factors.
        factors: Their names.

    Returns:
        Shares that add up to mean(all) - mean(none); empty if an arm is missing.
    """
    if any(arm not in means for size in range(len(factors) + 1) for arm in _sized(factors, size)):
        return {}
    shares = {}
    for factor in factors:
        others = [f for f in factors if f != factor]
        shares[factor] = sum(
            (means[arm | {factor}] - means[arm]) / (len(factors) * comb(len(others), size))
            for size in range(len(factors))
            for arm in _sized(others, size)
        )
    return shares


def _sized(names: Sequence[str], size: int) -> list[Arm]:
    return [frozenset(chosen) for chosen in combinations(names, size)]


def interactions(means: dict[Arm, float], factors: Sequence[str]) -> pd.DataFrame:
    """Returns how much more two fixes give together than apart, averaged over what can be told.

    Positive: they need each other. NaN: the design has no four arms that tell. [k x k]
    """
    table = pd.DataFrame(math.nan, index=list(factors), columns=list(factors), dtype=float)
    for a, b in combinations(factors, 2):
        found = [
            means[arm] - means[arm - {a}] - means[arm - {b}] + means[arm - {a, b}]
            for arm in means
            if {a, b} <= arm and all(arm - off in means for off in ({a}, {b}, {a, b}))
        ]
        table.loc[a, b] = table.loc[b, a] = float(np.mean(found)) if found else math.nan
    return table


def ablation_path(
    means: dict[Arm, float], factors: Sequence[str], sign: int = 1
) -> list[tuple[str, float]]:
    """Returns the factors in the order of greatest gain, walking from none to all.

    Greedy ablation (Fawcett, Hoos 2016) over the arms that were run: it ends where no next arm was.

    Returns:
        Factors with what fixing them gave at that point, in the outcome's unit.
    """
    here, path = Arm(), []
    while len(here) < len(factors):
        ways = [f for f in factors if f not in here and here in means and here | {f} in means]
        if not ways:
            break
        best = max(ways, key=lambda f: sign * means[here | {f}])
        path.append((best, means[here | {best}] - means[here]))
        here = here | {best}
    return path


def arm_means(table: pd.DataFrame, outcome: str) -> dict[Arm, float]:
    """Returns each arm's mean over its seeds; arms without a value are left out."""
    rows = table[np.isfinite(table[outcome])]
    return {arm: float(part[outcome].mean()) for arm, part in rows.groupby("arm", sort=False)}
