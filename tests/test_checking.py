"""The engine tells what a check found from what it could not look at."""

import inspect
import math
from dataclasses import replace

import numpy as np
import pytest

from rca.checking import (
    Finding,
    Severity,
    Verdict,
    builtin_checks,
    check,
    fail_above,
    load_checks,
    run_checks,
    select,
)
from rca.errors import UsageError
from rca.runs.record import Outcome, RunRecord, Signal, empty_episodes, empty_evaluations

EMPTY = RunRecord(
    id="empty",
    kind="recording",
    config={},
    provenance={},
    outcome=Outcome(),
    phases=(),
    signals={},
    episodes=empty_episodes(),
    evaluations=empty_evaluations(),
)


def with_signal(name, values):
    steps = np.arange(len(values), dtype=np.int64)
    signal = Signal(name, "1", steps, np.array(values, dtype=np.float64))
    return replace(EMPTY, signals={name: signal})


def spread(run):
    """Is the spread small?

    Why: it should be.
    Remedy: make it
        smaller.
    Reference: none, a test.
    """
    return fail_above(run.signals["critic/q_spread"].median(), 1.0, "spread", onset=3)


SPREAD = check("critic.spread", title="Spread", needs=["critic/q_spread"])(spread)


def verdict(values):
    return run_checks([SPREAD], with_signal("critic/q_spread", values))[0].verdict


def test_a_value_is_held_against_its_limit():
    assert verdict([0.5, 0.5]) is Verdict.PASS
    assert verdict([1.0]) is Verdict.PASS
    assert verdict([1.0000001]) is Verdict.FAIL


def test_nan_is_not_a_pass():
    """`nan > limit` is False, so the naive comparison would pass."""
    assert verdict([math.nan]) is Verdict.NOT_RUN
    assert fail_above(math.nan, 1.0, "spread").verdict is Verdict.NOT_RUN


def test_a_missing_signal_is_named():
    finding = run_checks([SPREAD], EMPTY)[0]
    assert finding.verdict is Verdict.NOT_RUN
    assert "critic/q_spread" in finding.message


def test_a_broken_check_is_a_result():
    def judge(run):
        """Does it break?

        Why: x.
        Remedy: x.
        Reference: x.
        """
        raise KeyError("gone")

    finding = run_checks([check("broken.one", title="Broken")(judge)], EMPTY)[0]
    assert finding.verdict is Verdict.ERROR
    assert "gone" in finding.message


def test_only_a_failure_has_an_onset():
    assert fail_above(0.5, 1.0, "spread", onset=3).onset is None
    assert fail_above(2.0, 1.0, "spread", onset=3).onset == 3


def test_the_docstring_is_the_documentation():
    assert SPREAD.question == "Is the spread small?"
    assert SPREAD.remedy == "make it smaller."
    assert SPREAD.severity is Severity.MAJOR


def test_a_check_without_remedy_is_refused():
    def judge(run):
        """Is it so?

        Why: x.
        Reference: x.
        """
        return Finding(Verdict.PASS, "so")

    with pytest.raises(ValueError, match="remedy"):
        check("half.documented", title="Half")(judge)


def test_two_checks_of_one_id_are_refused(tmp_path):
    source = inspect.getsource(spread)
    for name in ("one.py", "two.py"):
        mark = "from rca.checking import check, fail_above\n@check('a.b', title='T')\n"
        (tmp_path / name).write_text(mark + source)
    with pytest.raises(UsageError, match=r"used twice: a\.b"):
        load_checks([tmp_path])


def test_the_builtin_checks_are_there():
    assert load_checks([builtin_checks()])


def test_a_pattern_that_matches_nothing_is_refused():
    with pytest.raises(UsageError, match="critic"):
        select([SPREAD], ["citric.*"])
    assert select([SPREAD], ["crit*"]) == [SPREAD]


def test_needs_reach_into_tables_config_and_outcome():
    run = replace(EMPTY, config={"agent.tau": 0.1}, outcome=Outcome(critic_updates=0))
    assert run.has("config.agent.tau")
    assert run.has("outcome.critic_updates")
    assert not run.has("outcome.actor_updates")
    assert not run.has("episodes")
    assert not run.has("evaluations.mean_return")
    assert not run.has("phases")


def test_a_check_that_answers_nothing_or_needs_what_is_no_name_is_a_result():
    silent = check("user.silent", title="Silent")(with_question(lambda run: None))
    misspelt = check("user.misspelt", title="Misspelt", needs=["episodes.rewards"])(spread)
    run = replace(EMPTY, episodes=empty_episodes().reindex([0]))
    found = run_checks([silent, misspelt, SPREAD], run)
    assert found[0].verdict is Verdict.ERROR
    assert found[1].verdict is Verdict.ERROR
    assert [item.check for item in found] == ["user.silent", "user.misspelt", "critic.spread"]


def with_question(judge):
    judge.__doc__ = spread.__doc__
    return judge
