"""Detection delay: a record cut off is what was known then; an accusation counts that lasts."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from rca.bench.delay import delay, until
from rca.checking import Finding, Severity, Verdict, builtin_checks, check, load_checks
from rca.faults import find_fault
from rca.runs.record import Outcome
from tests.records import STARTS, STEPS, healthy, signal, with_signals

if TYPE_CHECKING:
    from rca.wiring.facts import Wiring


def test_a_record_cut_off_is_what_was_known_then():
    odd = {"not_finite": {"step": STARTS + 30}, "started": "then", "seed": 3}
    record = replace(healthy(), provenance=odd, gaps=("read at the end",))
    then = until(record, STARTS + 20)
    assert then.outcome.executed_steps == STARTS + 20
    assert then.outcome.status == "running"
    made, all_made = then.outcome.critic_updates, record.outcome.critic_updates
    assert made is not None
    assert all_made is not None
    assert 0 < made < all_made
    assert max(signal.steps.max() for signal in then.signals.values()) <= STARTS + 20
    assert then.episodes["end_step"].max() <= STARTS + 20
    assert (then.evaluations["step"] <= STARTS + 20).all()
    assert (then.provenance, then.gaps, then.results) == ({"seed": 3}, (), {})
    assert until(record, STARTS + 30).provenance.keys() == {"seed", "not_finite"}
    before = until(record, STARTS // 2)
    assert before.outcome.critic_updates == 0
    assert [phase.name for phase in before.phases] == ["random"]
    assert until(record, STEPS) is record


@pytest.mark.parametrize(("critic", "actor", "is_heard"), [(49, 49, 0), (60, 24, 0), (60, 25, 1)])
def test_what_the_audit_heard_is_known_after_its_first_looks_at_critic_and_actor(
    critic, actor, is_heard
):
    def losses(part, updates):
        steps = np.r_[np.full(updates, 10), np.full(100 - updates, 90)]
        return signal(f"{part}/loss", steps, np.ones(100))

    heard = replace(healthy(), wiring=cast("Wiring", object()))  # kept or left out, never read
    outcome = Outcome("finished", STEPS, STEPS, critic_updates=100, actor_updates=100)
    record = with_signals(
        replace(heard, outcome=outcome), losses("critic", critic), losses("actor", actor)
    )
    assert (until(record, 20).wiring is not None) == bool(is_heard)


@pytest.mark.parametrize("begins", [1, STEPS // 2, STEPS // 2 + 1])
def test_the_delay_is_to_the_first_look_that_accuses_the_cause_once_it_is_there(begins):
    steps = np.arange(1, STEPS + 1)
    values = np.where(steps >= STEPS // 2 - 4, math.nan, 1.0)
    record = with_signals(healthy(), signal("env/reward", steps, values))
    checks = [check for check in load_checks([builtin_checks()]) if check.id == "signals.finite"]
    fault = replace(find_fault("reward_nan_once"), begins=begins)
    look = STEPS // 2 if begins <= STEPS // 2 else STEPS // 2 + STEPS // 8
    assert delay(record, checks, fault) == look - begins
    assert math.isnan(delay(healthy(), checks, fault))


def test_an_accusation_that_is_taken_back_does_not_count():
    """Looks 2 and 4 accuse and 3 does not; or all from the sixth on."""

    @check("signals.finite", title="At some looks", severity=Severity.CRITICAL)
    def sometimes(run):
        """Does it accuse?

        Why: x.
        Remedy: x.
        Reference: x.
        """
        look = round(8 * (run.outcome.executed_steps or 0) / STEPS)
        return Finding(Verdict.FAIL if look in accusing else Verdict.PASS, "not finite, or so")

    fault = replace(find_fault("reward_nan_once"), begins=1)
    accusing = {2, 4}
    assert math.isnan(delay(healthy(), [sometimes], fault))
    accusing = {2, 4, 6, 7, 8}
    assert delay(healthy(), [sometimes], fault) == STEPS * 6 // 8 - 1
