"""From what a command line asks to a study."""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

from rca.errors import UsageError
from rca.study.budget import AUTO, SIZES, WANTED_SEEDS, Cost, Plan, plan, seconds_of
from rca.study.design import DESIGNS
from rca.study.factors import End, Factor, differing, parse_end
from rca.study.known import KNOWN
from rca.study.study import Study
from rca.study.trials import Engine, Trial, alone_in, lasted

PILOTS = (100, 400)
"""Steps of the two short runs from which a budget's time is estimated: what a step takes is told by
their difference, what every run takes by the shorter. Between them lie 300 steps, four seconds or
more at the fastest preset."""
BOTH_ENDS = ("one-at-a-time", "full")
"""Designs in which every factor is fixed alone and broken alone: they alone can name a cause."""
PHASES = ("learning_starts", "critic_warmup", "exploration_noise_steps")
"""Settings of the agent that say how many steps or updates a part of the run lasts."""


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
        design: One of DESIGNS, "minimal" or "auto"; None: auto with a budget, else one at a time.
        budget: Such as `30m`; None: no limit.
        looks: Numbers of seeds at which the study is judged; empty: once, at the end.
    """

    before: str
    after: str | None
    seeds: tuple[int, ...]
    steps: int | None
    settings: tuple[str, ...]
    groups: tuple[str, ...]
    design: str | None = None
    budget: str | None = None
    looks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A study and how to run it.

    Attributes:
        study: With the arms of its design.
        design: One of DESIGNS, "minimal" or "auto".
        notes: What a budget made it give up, and how long it is going to take; one line each.
    """

    study: Study
    design: str
    notes: tuple[str, ...] = ()


def planned(asked: Asked, root: Path, engine: Engine, workers: int) -> Planned:
    """Returns the study.

    Args:
        asked: See there.
        root: Folder for the short runs from which a budget's time is estimated.
        engine: Runs these.
        workers: Runs at once.

    Raises:
        UsageError: An end, a key, a design or a budget that is not one.
    """
    if len(set(asked.seeds)) < len(asked.seeds):
        raise UsageError("--seed: one is given twice; the same run would count as two")
    if asked.after is None:
        return Planned(_known(asked), "one-at-a-time")
    design = asked.design or ("one-at-a-time" if asked.budget is None else "auto")
    if design not in (*DESIGNS, "minimal", "auto"):
        raise UsageError(f"--design {design}: choose {', '.join(DESIGNS)}, minimal or auto")
    before, after = _ends(asked, asked.after)
    factors = _differing(before, after, asked)
    base = {"minimal": "one-at-a-time", "auto": "one-at-a-time"}.get(design, design)
    _check_looks(asked, design)
    seeds = max(asked.looks, default=WANTED_SEEDS)
    notes: tuple[str, ...] = ()
    if asked.budget is not None:
        fits = _fitting((before, after), factors, asked, design, root, engine, workers)
        base, seeds = fits.design, fits.seeds
        notes = (*(f"given up for the budget: {line}" for line in fits.given_up),)
        notes += (f"the design {base} with {seeds} seeds takes about {fits.minutes:.0f} min",)
        sizes = {end.config.env.image_size for end in (before, after)}
        size = fits.size if len(sizes) == 1 else None  # else it is a factor, and stays
        before, after = (_reshaped(end, fits.steps, size) for end in (before, after))
        factors = _differing(before, after, asked)
    arms = DESIGNS[base]([factor.name for factor in factors])
    return Planned(
        Study(
            name_of(asked),
            before,
            tuple(factors),
            tuple(arms),
            asked.seeds or tuple(range(1, seeds + 1)),
            looks=asked.looks,
        ),
        design,
        notes,
    )


def _ends(asked: Asked, fixed: str) -> tuple[End, End]:
    """Returns both ends, run as long as the fixed one: the budget is no factor."""
    settings = [*asked.settings] + ([] if asked.steps is None else [f"budget.steps={asked.steps}"])
    before, after = parse_end(asked.before, settings), parse_end(fixed, settings)
    budget = after.config.budget
    return replace(before, config=before.config.model_copy(update={"budget": budget})), after


def _check_looks(asked: Asked, design: str) -> None:
    """Raises UsageError where looks do not rise, lack seeds, or could never name a cause."""
    if not asked.looks:
        return
    shown = " ".join(f"--look {number}" for number in asked.looks)
    if design not in BOTH_ENDS or asked.budget is not None:
        raise UsageError(f"{shown}: for the designs {' and '.join(BOTH_ENDS)}, without --budget")
    if len(asked.looks) < 2 or list(asked.looks) != sorted(set(asked.looks)):
        raise UsageError(f"{shown}: give at least two, each with more seeds than the one before")
    if asked.seeds and len(asked.seeds) != asked.looks[-1]:
        raise UsageError(
            f"{shown}: the last look is at {asked.looks[-1]} seeds, {len(asked.seeds)} are given"
        )


def name_of(asked: Asked) -> str:
    """Returns a study's name, for its folders."""
    if asked.after is None:
        return asked.before
    ends = [word for end in (asked.before, asked.after) for word in end.split("+")]
    return "-".join(Path(word).stem for word in ends)


def _differing(before: End, after: End, asked: Asked) -> list[Factor]:
    return differing(before, after, dict(map(_group, asked.groups)))


def _known(asked: Asked) -> Study:
    if asked.before not in KNOWN:
        raise UsageError(
            f"rca study {asked.before}: give both ends, or one of {', '.join(sorted(KNOWN))}"
        )
    given = (asked.settings, asked.groups, asked.budget, asked.steps, asked.design, asked.looks)
    if any(given):
        raise UsageError(f"rca study {asked.before}: only its seeds can be chosen, with --seed")
    return KNOWN[asked.before](asked.seeds) if asked.seeds else KNOWN[asked.before]()


def _reshaped(end: End, steps: int, size: int | None) -> End:
    """Returns an end with shorter runs, all of whose phases keep their share, and other pictures.

    Without a size the pictures stay as they are.

    What lasts a number of steps is shortened with the run: with the random phase of a full run, a
    quarter of it would end before the first update.
    """
    config = end.config
    share = steps / config.budget.steps

    def cut(number: int) -> int:
        return max(1, round(number * share)) if number else 0

    budget = {key: cut(getattr(config.budget, key)) for key in ("eval_every", "eval_from")}
    budget["steps"] = steps
    agent = {key: cut(getattr(config.agent, key)) for key in PHASES}
    return replace(
        end,
        config=config.model_copy(
            update={
                "env": config.env.model_copy(update={} if size is None else {"image_size": size}),
                "agent": config.agent.model_copy(update=agent),
                "budget": config.budget.model_copy(update=budget),
            }
        ),
    )


def _group(text: str) -> tuple[str, list[str]]:
    name, equals, keys = text.partition("=")
    if not equals or not re.fullmatch(r"[\w.-]+", name) or not keys:
        raise UsageError(f"--group {text}: write it as lr=agent.actor_lr,agent.critic_lr")
    return name, keys.split(",")


def _fitting(
    ends: tuple[End, End],
    factors: list[Factor],
    asked: Asked,
    design: str,
    root: Path,
    engine: Engine,
    workers: int,
) -> Plan:
    """Measures short runs and returns what fits into the rest of the time."""
    before, after = ends
    budget_s = seconds_of(asked.budget or "")
    steps, size = before.config.budget.steps, before.config.env.image_size
    smaller = [s for s in SIZES if s < size] if after.config.env.image_size == size else []
    designs = {"auto": AUTO, "minimal": ("one-at-a-time",)}.get(design, (design,))

    def fits(costs: dict[int, Cost]) -> Plan:
        # Of the runs' own time, so that a study that is gone on with comes to the same plan.
        left = budget_s - _measured(costs, workers)
        names = [factor.name for factor in factors]
        seeds = len(asked.seeds) or None
        return plan(names, left, costs, steps, workers, designs=designs, seeds=seeds)

    costs = {size: _cost(after, size, root, engine)}
    if (spent := _measured(costs, workers)) >= budget_s:
        raise UsageError(
            f"--budget {asked.budget}: measuring two short runs alone took "
            f"{spent / 60:.1f} min; raise it, or leave it out"
        )
    try:
        found = fits(costs)
    except UsageError:
        if not smaller:
            raise
    else:
        if not smaller or (found.steps == steps and found.design != "leave-one-out"):
            return found
    costs |= {other: _cost(after, other, root, engine) for other in smaller}
    return fits(costs)


def _measured(costs: dict[int, Cost], workers: int) -> float:
    """Returns the seconds that the short runs took by which costs were measured."""
    spent = sum(cost.of(steps) for cost in costs.values() for steps in PILOTS)
    return spent / min(workers, len(PILOTS))


def _cost(end: End, size: int, root: Path, engine: Engine) -> Cost:
    """Measures what a run of the fixed end takes, by two short ones with the phases of a full one.

    Raises:
        UsageError: One of them failed or was resumed, or another study measures there.
    """
    trials = []
    for steps in PILOTS:
        short = _reshaped(end, steps, size)
        trials.append(Trial(f"pilot-{size}-{steps}", short.config, end.faults))
    seconds = []
    with alone_in(root / "pilot"):
        results = engine(trials, root / "pilot", lambda result: None)
    for result in results:
        if result.error:
            raise UsageError(f"--budget: a first short run failed: {result.error}")
        seconds.append(lasted(result.folder))
        if math.isnan(seconds[-1]):
            raise UsageError(f"{result.folder}: was stopped on its way, remove it")
    few, many = PILOTS
    step = max(0.0, (seconds[1] - seconds[0]) / (many - few))
    return Cost(max(0.0, seconds[0] - few * step), step)
