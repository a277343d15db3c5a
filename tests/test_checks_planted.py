"""Every check sees what was planted, leaves a healthy run alone, and says when it cannot look."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.runs.record import Outcome, RunRecord, empty_episodes, empty_evaluations
from tests.odd_records import odd_records
from tests.planted import BAD, GOOD, bad, good
from tests.records import blank

CHECKS = {item.id: item for item in load_checks([builtin_checks()])}
ACCUSING = (Verdict.FAIL, Verdict.WARN)


def finding(check_id: str, run: RunRecord) -> Finding:
    return run_checks([CHECKS[check_id]], run)[0]


def test_every_check_has_a_planted_abnormality():
    assert BAD.keys() == CHECKS.keys()
    assert GOOD.keys() <= CHECKS.keys()


@pytest.mark.parametrize("check_id", CHECKS)
def test_the_planted_abnormality_is_seen(check_id):
    seen = finding(check_id, bad(check_id))
    assert seen.verdict in ACCUSING, seen.message


@pytest.mark.parametrize("check_id", CHECKS)
def test_a_healthy_run_passes(check_id):
    seen = finding(check_id, good(check_id))
    assert seen.verdict is Verdict.PASS, seen.message
    assert seen.suspects == ()


@pytest.mark.parametrize("check_id", CHECKS)
def test_without_its_signals_a_check_is_not_run(check_id):
    seen = finding(check_id, blank())
    assert seen.verdict is Verdict.NOT_RUN, seen.message


@pytest.mark.parametrize("check_id", CHECKS)
def test_each_need_is_needed(check_id):
    """A check that lists a need answers NOT_RUN, and nothing else, without it."""
    run = good(check_id)
    for need in CHECKS[check_id].needs:
        assert run.has(need), need
        assert finding(check_id, without(run, need)).verdict is Verdict.NOT_RUN


def without(run: RunRecord, need: str) -> RunRecord:
    room, _, rest = need.partition(".")
    if room in ("episodes", "evaluations"):
        table = getattr(run, room).drop(columns=[rest] if rest else [])
        empty = empty_episodes() if room == "episodes" else empty_evaluations()
        return replace(run, **{room: table.reindex(columns=empty.columns)})
    if room in ("config", "in_force"):
        run = replace(run, observed={k: v for k, v in run.observed.items() if k != rest})
        return replace(run, config={k: v for k, v in run.config.items() if k != rest})
    if room == "outcome":
        return replace(run, outcome=Outcome(**{**asdict(run.outcome), rest: None}))
    if room == "wiring":
        return replace(run, wiring=None)
    if need == "phases":
        return replace(run, phases=())
    if need == "results":
        return replace(run, results={})
    return replace(run, signals={k: v for k, v in run.signals.items() if k != need})


@pytest.mark.parametrize("check_id", CHECKS)
def test_nothing_but_nan_never_passes(check_id):
    run = good(check_id)
    signals = {n: replace(s, values=np.full(len(s), math.nan)) for n, s in run.signals.items()}
    numbers = run.episodes.assign(**dict.fromkeys(run.episodes.columns, math.nan))
    rated = run.evaluations.assign(**dict.fromkeys(run.evaluations.columns, math.nan))
    if check_id == "updates.executed":
        return  # decided by the phases alone
    broken = blank(signals=signals, episodes=numbers, evaluations=rated, phases=run.phases)
    assert finding(check_id, broken).verdict is not Verdict.PASS


@pytest.mark.parametrize("check_id", CHECKS)
def test_messages_are_one_line_with_a_number(check_id):
    for run in (bad(check_id), good(check_id)):
        message = finding(check_id, run).message
        assert "\n" not in message
        assert any(letter.isdigit() for letter in message)
        assert "nan" not in message.lower().replace("turn nan", "")


@settings(max_examples=60, deadline=None)
@given(run=odd_records())
def test_no_check_breaks_on_an_odd_record(run):
    broken = [f for f in run_checks(CHECKS.values(), run) if f.verdict is Verdict.ERROR]
    assert broken == []
