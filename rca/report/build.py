"""Records, findings and checks -> Report."""

import shlex
from collections.abc import Sequence

from rca.report.answers import Judged
from rca.report.camera import camera
from rca.report.causes import Diagnosed, causes_table, diagnosed, summary
from rca.report.episode_plots import (
    endings_figure,
    episode_figure,
    evaluation_figure,
    histogram_figure,
)
from rca.report.groups import LEARNER, REQUIRED, WORLD
from rca.report.model import Block, Code, Report, Section, Text
from rca.report.outcome import lead, subjects, tallies, tiles, verdict
from rca.report.sides import Side, sides_of
from rca.report.signal_plots import (
    PROBED,
    probed_figure,
    recorded,
    reward_figure,
    reward_terms,
    signal_figure,
)
from rca.report.spread_plots import spread_figures
from rca.report.tables import (
    checks_table,
    config_table,
    expected_table,
    provenance_table,
    unseen_table,
)
from rca.report.timeline import timeline
from rca.runs.record import RunRecord


def build(baseline: Sequence[Judged], fixed: Sequence[Judged] = ()) -> Report:
    """Returns the report on one configuration, or on two that are compared.

    Args:
        baseline: A run per seed.
        fixed: A run per seed of the changed configuration; none: nothing is compared.
    """
    sides = sides_of(baseline, fixed)
    sentence, tone = verdict(sides)
    causes = diagnosed(sides)
    return Report(
        title=" against ".join(dict.fromkeys(side.first.id for side in reversed(sides))),
        verdict=f"{sentence}.",
        tone=tone,
        lead=(summary(causes), *lead(sides)),
        subjects=subjects(sides),
        tiles=tiles(sides),
        tallies=tallies(sides),
        sections=tuple(_sections(sides, causes)),
    )


def _sections(sides: tuple[Side, ...], causes: tuple[Diagnosed, ...]) -> list[Section]:
    compared = len(sides) == 2
    title = "Checks side by side" if compared else "Checks"
    return [
        Section("story", "What happened when", (timeline(sides),)),
        Section("causes", "Likely causes", (causes_table(causes),)),
        Section("checks", title, (checks_table(sides),)),
        Section("configuration", "Configuration", _configuration(sides)),
        Section("signals", "Inside the learner", _signals(sides)),
        Section("curves", "Learning curves", _curves(sides)),
        Section("world", "The world", _world(sides)),
        Section("camera", "What the agent saw", (camera(sides),)),
        Section("expected", "The seed's expected ranges", (expected_table(sides),)),
        Section("unseen", "What did not run, and why", (unseen_table(sides),)),
        Section("reproduce", "How to reproduce", _reproduce(sides)),
    ]


def _configuration(sides: tuple[Side, ...]) -> tuple[Block, ...]:
    table = config_table(sides)
    if table.rows:
        return (table,)
    same = "Both sides have the same settings." if len(sides) == 2 else "No setting is recorded."
    return (Text((same,)),)


def _signals(sides: tuple[Side, ...]) -> tuple[Block, ...]:
    figures = []
    for group in REQUIRED:
        figures.append(signal_figure(group, sides))
        if recorded(group, sides, PROBED):
            figures.append(probed_figure(group, sides))
    figures.append(histogram_figure(sides))
    figures += [signal_figure(group, sides) for group in LEARNER if recorded(group, sides)]
    return (*figures, *spread_figures(sides))


def _curves(sides: tuple[Side, ...]) -> tuple[Block, ...]:
    figures = (episode_figure("return", sides), episode_figure("length", sides))
    return (*figures, evaluation_figure(sides))


def _world(sides: tuple[Side, ...]) -> tuple[Block, ...]:
    figures = [endings_figure(sides)]
    figures += [reward_figure(sides)] if reward_terms(sides) else []
    figures += [signal_figure(group, sides) for group in WORLD if recorded(group, sides)]
    return tuple(figures)


def _reproduce(sides: tuple[Side, ...]) -> tuple[Block, ...]:
    records = [record for side in sides for record in side.records]
    ours = [record for record in records if record.kind == "rca"]
    lines = [_again(record) for record in ours]
    names = " ".join(_path(record) for record in records)
    note = (
        "The config file holds every effective value, the seed included; the same seed, versions "
        "and machine give the same weights and signals."
    )
    if len(ours) < len(records):
        note += " A recording was made elsewhere: it can be read again, not run again."
    return (Code((*lines, f"rca report {names}")), Text((note,)), provenance_table(sides))


def _again(record: RunRecord) -> str:
    """Returns the command that makes a run again; a planted fault is in no config file."""
    command = record.provenance.get("command")
    if record.provenance.get("changes") and isinstance(command, list):
        words = [str(word) for word in command[1:]]
        if "--out" in words:
            place = words.index("--out")
            del words[place : place + 2]
        return f"rca {shlex.join(words)}"
    return f"rca run --steps {_steps(record)} --config {_path(record)}/config.yaml"


def _path(record: RunRecord) -> str:
    """Returns where the record was read from, as it was given."""
    return shlex.quote(str(record.provenance.get("path", record.id)))


def _steps(record: RunRecord) -> str:
    outcome = record.outcome
    return str(outcome.planned_steps or outcome.executed_steps)
