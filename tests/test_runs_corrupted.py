"""A corrupted recording: a clear message or a right diagnosis, never a traceback, never a pass."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.diagnosis.diagnose import LIKELY, diagnose
from rca.errors import RcaError
from rca.runs.load import load_run
from tests.corrupted import DAMAGES, copy_of
from tests.test_runs_recordings import events, training, write_events

CHECKS = load_checks([builtin_checks()])
CASES = Path(__file__).parents[2] / "shared" / "cases"
NAMES = sorted(path.name for path in CASES.glob("*/"))
recordings = pytest.mark.skipif(
    not NAMES, reason="../shared/cases holds the recordings and is not part of this project"
)
HARMLESS = {"encodings"}
"""Damages after which everything can still be read."""
WITHOUT_EVENTS = {"clock", "repeated", "resumed", "5 GB"}
"""Damages that only an event file can have."""


@dataclass(frozen=True)
class Answer:
    """What a user is told of a folder: damage, or findings and likely causes."""

    damage: tuple[str, ...]
    findings: Sequence[Finding] = ()
    likely: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Tells whether `rca diagnose` would end with 0."""
        return not self.damage and not self.likely


def answer(folder: Path) -> Answer:
    try:
        run = load_run(folder)
    except RcaError as error:
        return Answer((str(error),))
    findings = run_checks(CHECKS, run)
    ranked = diagnose(run, findings).ranked
    likely = tuple(item.cause.id for item in ranked if item.probability >= LIKELY)
    return Answer(run.gaps, findings, likely)


def holds(damaged: Answer, whole: Answer, name: str) -> None:
    """Holds what is said of a damaged recording against what is said of the whole one."""
    assert [f for f in damaged.findings if f.verdict is Verdict.ERROR] == []
    assert all(line.strip() and "\n" not in line for line in damaged.damage)
    if name in HARMLESS:
        assert damaged.likely == whole.likely
        return
    assert not damaged.is_clean
    # What is lost accuses nobody; that values are not numbers is an accusation of its own.
    assert set(damaged.likely) <= {*whole.likely, "nan_values"}


@cache
def recorded(case: str) -> Answer:
    return answer(CASES / case)


@recordings
@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("case", NAMES)
def test_a_corrupted_copy_of_a_recorded_failure(case, name, tmp_path):
    copy = copy_of(CASES / case, tmp_path / case)
    if name in WITHOUT_EVENTS and not list(copy.glob("*tfevents*")):
        pytest.skip("no event file in this recording")
    DAMAGES[name](copy, 0.3)  # c03 breaks off before its first update, c13 after it
    holds(answer(copy), recorded(case), name)


CONFIG = "algorithm:\n  learning_starts: {starts}\n  batch_size: 64\n"


def generated(folder: Path, steps: int, starts: int) -> Path:
    """Writes a recording as trainers leave it: event file, results and config."""
    lengths = training(steps, starts)["train/episode_length"]
    returns = [-float(i) for i in range(len(lengths))]
    results = {"total_timesteps": steps, "training_rewards": returns}
    write_events(events(folder), training(steps, starts))
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "td3.yaml").write_text(CONFIG.format(starts=starts))
    return folder


@cache
def undamaged(steps: int, starts: int):
    """What is said of a whole one; few kinds of them are drawn again and again."""
    with tempfile.TemporaryDirectory() as scratch:
        return answer(generated(Path(scratch) / "whole", steps, starts))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(
    name=st.sampled_from(sorted(DAMAGES)),
    place=st.floats(0.05, 0.95),
    steps=st.sampled_from([1_000, 3_000]),
    starts=st.sampled_from([0, 500, 5_000]),
)
def test_a_corrupted_copy_of_a_generated_recording(name, place, steps, starts):
    with tempfile.TemporaryDirectory() as scratch:
        copy = generated(Path(scratch) / "copy", steps, starts)
        DAMAGES[name](copy, place)
        holds(answer(copy), undamaged(steps, starts), name)


@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(st.sampled_from(sorted(DAMAGES)), min_size=2, max_size=3, unique=True),
    place=st.floats(0.1, 0.9),
)
def test_several_damages_at_once(names, place):
    with tempfile.TemporaryDirectory() as scratch:
        folder = generated(Path(scratch) / "run", 1_000, 500)
        for name in sorted(names, key=list(DAMAGES).index):
            DAMAGES[name](folder, place)
        said = answer(folder)
        assert [f for f in said.findings if f.verdict is Verdict.ERROR] == []
        assert not said.is_clean
