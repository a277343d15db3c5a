"""From what a command line asks to a study."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rca.config import RunConfig, scale_warmup
from rca.errors import UsageError
from rca.study.budget import WANTED_SEEDS, Plan, plan, seconds_of
from rca.study.design import DESIGNS
from rca.study.factors import End, differing, parse_end
from rca.study.known import KNOWN
from rca.study.study import Study
from rca.study.trials import Trial, run_trial

PILOT = 0.1
"""Share of the configured steps that the run has from which a budget's time is estimated."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks.

    Attributes:
        before: The failing end, or the name of a study (KNOWN).
        after: The fixed end; None for a study by name.
        seeds: Of every arm; empty for as many as the plan wants.
        steps: Of each run; None: as configured.
        settings: `key=value`, of both ends.
        groups: `name=key,key`: keys that are one factor.
        design: One of DESIGNS, "minimal" or "auto".
        budget: Such as `30m`; None: no limit.
    """

    before: str
    after: str | None
    seeds: tuple[int, ...]
    steps: int | None
    settings: tuple[str, ...]
    groups: tuple[str, ...]
    design: str = "one-at-a-time"
    budget: str | None = None


def planned(asked: Asked, root: Path, workers: int) -> tuple[Study, Sequence[str]]:
    """Returns the study, and what a budget made it give up.

    Args:
        asked: See there.
        root: Folder for the short run from which a budget's time is estimated.
        workers: Runs at once.

    Raises:
        UsageError: An end, a key, a design or a budget that is not one.
    """
    if asked.after is None:
        return _known(asked), ()
    design = asked.design
    if design not in (*DESIGNS, "minimal", "auto"):
        raise UsageError(f"--design {design}: choose {', '.join(DESIGNS)}, minimal or auto")
    settings = [*asked.settings] + ([] if asked.steps is None else [f"budget.steps={asked.steps}"])
    before, after = parse_end(asked.before, settings), parse_end(asked.after, settings)
    before = replace(before, config=_with_budget(before, after))
    factors = differing(before, after, dict(map(_group, asked.groups)))
    names = [factor.name for factor in factors]
    given_up: Sequence[str] = ()
    seeds = asked.seeds or tuple(range(1, WANTED_SEEDS + 1))
    if asked.budget is not None:
        fits = _fitting(before, names, seconds_of(asked.budget), workers, root)
        design, given_up = fits.design, fits.given_up
        seeds = asked.seeds or tuple(range(1, fits.seeds + 1))
        before = replace(before, config=_shorter(before, fits.steps))
    elif design == "auto":
        design = "full" if len(factors) <= 2 else "one-at-a-time"
    arms = DESIGNS.get(design, DESIGNS["one-at-a-time"])(names)
    name = f"{Path(asked.before).stem}-{Path(asked.after).stem}".replace("+", "-")
    return Study(name, before, tuple(factors), tuple(arms), seeds), given_up


def _known(asked: Asked) -> Study:
    if asked.before not in KNOWN:
        raise UsageError(
            f"rca study {asked.before}: give both ends, or one of {', '.join(sorted(KNOWN))}"
        )
    if asked.settings or asked.groups or asked.budget or asked.steps:
        raise UsageError(f"rca study {asked.before}: only its seeds can be chosen, with --seed")
    return KNOWN[asked.before](asked.seeds) if asked.seeds else KNOWN[asked.before]()


def _with_budget(before: End, after: End) -> RunConfig:
    """Both ends are run as long as the fixed one: the budget is no factor."""
    return before.config.model_copy(update={"budget": after.config.budget})


def _shorter(end: End, steps: int) -> RunConfig:
    old = end.config.budget
    every = max(1, round(old.eval_every * steps / old.steps)) if old.eval_every else 0
    budget = old.model_copy(update={"steps": steps, "eval_every": every})
    return end.config.model_copy(update={"budget": budget})


def _group(text: str) -> tuple[str, list[str]]:
    name, equals, keys = text.partition("=")
    if not equals or not name or not keys:
        raise UsageError(f"--group {text}: write it as lr=agent.actor_lr,agent.critic_lr")
    return name, keys.split(",")


def _fitting(before: End, names: list[str], budget_s: float, workers: int, root: Path) -> Plan:
    """Measures a tenth of a run and returns what fits into the rest of the time."""
    began = time.monotonic()
    steps = max(200, round(PILOT * before.config.budget.steps))
    pilot = replace(before, config=_shorter(before, steps))
    result = run_trial(Trial("pilot", scale_warmup(pilot.config), before.faults), root / "pilot")
    spent = time.monotonic() - began
    if result.error:
        raise UsageError(f"--budget: the first short run failed: {result.error}")
    return plan(names, budget_s - spent, spent / steps, before.config.budget.steps, workers)
