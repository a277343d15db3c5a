"""Causes are ranked by evidence, cleared by ordering, and told in order of time."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.diagnosis.cause import ANY, Cause, Grade, Moment, Sign, load_causes, passes
from rca.diagnosis.diagnose import Diagnosis, diagnose
from tests.odd_records import odd_records
from tests.planted import bad
from tests.records import blank, evaluations, healthy, phases

CHECKS = load_checks([builtin_checks()])
CASES = Path(__file__).parents[2] / "shared" / "cases"


def cause(id: str = "late", **changes) -> Cause:
    plain = Cause(
        id=id,
        title=f"{id} happens",
        mechanism="It happens.",
        acts_from=Moment.FIRST_UPDATE,
        supports=(Sign("a.symptom", Grade.WEAK),),
        explains=("a.symptom",),
        change="",
        remedy="",
        references=(),
    )
    return replace(plain, **changes)


def found(check="a.symptom", verdict=Verdict.FAIL, onset: int | None = 500) -> Finding:
    return Finding(verdict, f"{check} at {onset}", onset=onset, check=check)


def ids(items) -> list[str]:
    return [item.cause.id for item in items]


def test_a_symptom_older_than_the_first_update_clears_what_acts_through_updates():
    run = blank(phases=phases(1_001))
    result = diagnose(run, [found(onset=500)], [cause()])
    assert ids(result.refuted) == ["late"]
    assert "step 500" in result.refuted[0].reason
    assert "1,001" in result.refuted[0].reason


def test_a_younger_symptom_does_not():
    run = blank(phases=phases(1_001))
    result = diagnose(run, [found(onset=1_500)], [cause()])
    assert ids(result.ranked) == ["late"]
    assert result.ranked[0].onset == 1_500


def test_what_acts_from_the_first_step_is_not_cleared_by_an_old_symptom():
    run = blank(phases=phases(1_001))
    early = cause("early", acts_from=Moment.FIRST_STEP)
    assert ids(diagnose(run, [found(onset=500)], [early]).ranked) == ["early"]


def test_an_evaluation_acts_from_the_first_one_on():
    run = blank(phases=phases(None), evaluations=evaluations([2_000]))
    watcher = cause("watcher", acts_from=Moment.FIRST_EVALUATION)
    assert ids(diagnose(run, [found(onset=1_999)], [watcher]).refuted) == ["watcher"]
    assert ids(diagnose(run, [found(onset=2_001)], [watcher]).ranked) == ["watcher"]


def test_without_an_update_the_learner_is_untested():
    run = blank(phases=phases(None))
    result = diagnose(run, [found("b.other", onset=None)], [cause()])
    assert ids(result.untested) == ["late"]


def test_what_never_acted_was_not_put_to_the_test():
    """Readings of a copy, updated after the run, clear nothing in the run."""
    late = cause(rules_out=(Sign("calm.gradients", Grade.STRONG, when=(Verdict.PASS,)),))
    calm = found("calm.gradients", Verdict.PASS, onset=None)
    never = replace(blank(), outcome=replace(blank().outcome, critic_updates=0))
    assert ids(diagnose(never, [calm], [late]).untested) == ["late"]
    assert ids(diagnose(blank(phases=phases(1_001)), [calm], [late]).refuted) == ["late"]


def test_unknown_is_not_never():
    """Nobody recorded when updates began: an old symptom clears nothing, evidence still counts."""
    unknown = replace(blank(), outcome=replace(blank().outcome, critic_updates=None))
    result = diagnose(unknown, [found(onset=5)], [cause()])
    assert (ids(result.refuted), ids(result.ranked)) == ([], ["late"])


def test_without_evidence_a_cause_is_untested_and_says_what_to_log():
    run = blank(phases=phases(1_001))
    result = diagnose(run, [], [cause(to_decide="Log the speed.")])
    assert result.untested[0].advice == "Log the speed."


def test_stronger_evidence_ranks_higher_and_a_warning_weighs_less():
    run = blank(phases=phases(10))
    causes = [
        cause("weak"),
        cause("strong", supports=(Sign("a.symptom", Grade.STRONG),)),
        cause("proof", supports=(Sign("a.symptom", Grade.PROOF),)),
    ]
    failed = diagnose(run, [found(onset=20)], causes)
    warned = diagnose(run, [found(verdict=Verdict.WARN, onset=20)], causes)
    assert ids(failed.ranked) == ["proof", "strong", "weak"]
    pairs = zip(failed.ranked, warned.ranked, strict=True)
    assert all(a.probability > b.probability for a, b in pairs)


def test_a_passed_check_speaks_against():
    run = blank(phases=phases(10))
    doubted = cause("doubted", contradicts=(passes("b.other", Grade.STRONG),))
    findings = [found(onset=20), found("b.other", Verdict.PASS, None)]
    before = diagnose(run, findings[:1], [doubted]).ranked[0].probability
    after = diagnose(run, findings, [doubted]).ranked[0].probability
    assert after < before


def test_a_consequence_stands_below_its_cause_however_well_seen():
    run = blank(phases=phases(10))
    source = cause(
        "source", supports=(Sign("a.symptom", Grade.STRONG), Sign("b.other", Grade.WEAK))
    )
    result = cause("result", supports=(Sign("a.symptom", Grade.PROOF),), follows=("source",))
    both = [found(onset=20), found("b.other", onset=30)]
    ranked = diagnose(run, both, [source, result]).ranked
    assert ids(ranked) == ["source", "result"]
    assert ranked[1].probability > ranked[0].probability > 0.5


def test_what_merely_misleads_stands_below_what_keeps_the_agent_from_learning():
    run = blank(phases=phases(10))
    strong = (Sign("a.symptom", Grade.STRONG), Sign("b.other", Grade.WEAK))
    causes = [
        cause("misleading", supports=(Sign("a.symptom", Grade.FACT),), misleads=True),
        cause("harmful", supports=strong),
        cause("unlikely", supports=(Sign("a.symptom", Grade.WEAK),)),
    ]
    ranked = diagnose(run, [found(onset=20), found("b.other", onset=30)], causes).ranked
    assert ids(ranked) == ["harmful", "misleading", "unlikely"]


def test_a_cause_names_those_that_it_follows_from():
    run = blank(phases=phases(10))
    sign = (Sign("a.symptom", Grade.PROOF),)
    causes = [
        cause("source", supports=sign),
        cause("other", supports=sign),
        cause("result", supports=sign, follows=("source", "unlikely", "hidden")),
        cause("unlikely"),
        cause("hidden", supports=sign, misleads=True),
    ]
    result = diagnose(run, [found(onset=20)], causes)
    follows = {item.cause.id: item.follows for item in result.ranked}
    assert follows["result"] == ("source",)
    assert follows["source"] == follows["other"] == ()
    assert sum("it follows from source" in line for line in result.story) == 1


def test_a_state_follows_from_defects_that_were_there_before_it():
    run = blank(phases=phases(10))
    proof = Grade.PROOF
    causes = [
        cause("state", supports=(Sign("a.symptom", proof),), follows=(ANY,)),
        cause("before", supports=(Sign("b.other", proof),)),
        cause("after", supports=(Sign("c.later", proof),)),
    ]
    seen = [found(onset=50), found("b.other", onset=20), found("c.later", onset=90)]
    follows = {i.cause.id: i.follows for i in diagnose(run, seen, causes).ranked}
    assert follows["state"] == ("before",)


def test_the_story_is_told_in_order_of_time():
    run = blank(phases=phases(10))
    causes = [
        cause("second", supports=(Sign("a.symptom", Grade.PROOF),)),
        cause("first", supports=(Sign("b.other", Grade.PROOF),)),
    ]
    story = diagnose(run, [found(onset=90), found("b.other", onset=20)], causes).story
    assert [line.split(":")[0] for line in story] == ["from step 20", "from step 90"]


def test_nothing_in_gives_nothing_out():
    result = diagnose(blank(), run_checks(CHECKS, blank()))
    assert result.ranked == ()
    assert result.refuted == ()
    assert len(result.untested) == len([c for c in load_causes() if not c.ours])


def test_a_healthy_run_has_no_likely_cause():
    run = healthy()
    result = diagnose(run, run_checks(CHECKS, run))
    assert [r.cause.id for r in result.ranked if r.probability >= 0.5] == []
    assert result.story == ()


PLANTED = {
    "actor.dead": "actor_saturated",
    "actor.policy_q_gap": "actor_critic_feature_mixup",
    "alerts.can_fire": "alerts_cannot_fire",
    "config.effective": "config_not_read",
    "encoder.drift": "encoder_frozen",
    "env.random_drive": "no_net_force",
    "evaluation.control": "evaluation_disturbs_simulator",
    "evaluation.running_episode": "evaluation_disturbs_simulator",
    "results.steps_claimed": "steps_misreported",
    "reward.idle_optimal": "idling_optimal",
    "reward.idle_pays": "idling_pays",
    "updates.executed": "learner_never_started",
}
"""What is planted for a check, and the cause that must be likely then in a recording."""
WIRED = {
    "config.seed_in_force": "seed_ignored",
    "env.action_path": "action_path_wrong",
    "env.frame_stack": "frames_wrong",
    "env.observation_age": "frames_wrong",
    "metrics.counted": "metrics_not_wired",
    "env.reward_path": "reward_wrong",
    "episodes.time_outs": "time_outs_terminal",
    "episodes.touch_ends": "lane_touch_terminates",
    "evaluation.foreign_steps": "evaluation_disturbs_simulator",
    "evaluation.deterministic": "evaluation_noisy",
    "updates.policy_delay": "update_ratio_wrong",
    "wiring.actions": "action_path_wrong",
    "wiring.batches": "replay_wrong",
    "wiring.critic_loss": "critic_diverged",
    "wiring.discount": "discount_wrong",
    "wiring.exploration": "config_not_read",
    "wiring.features": "actor_critic_feature_mixup",
    "wiring.frames": "frames_wrong",
    "wiring.gradients": "encoder_frozen",
    "wiring.inputs": "image_unscaled",
    "wiring.learning_rates": "config_not_read",
    "wiring.next_state": "replay_wrong",
    "wiring.optimizers": "encoder_frozen",
    "wiring.policy_features": "actor_critic_feature_mixup",
    "wiring.rewards": "replay_wrong",
    "wiring.smoothing": "smoothing_wrong",
    "wiring.targets": "target_wrong",
    "wiring.terminals": "terminal_missing",
    "wiring.time_outs": "time_outs_terminal",
    "wiring.twin_minimum": "critic_overestimates",
}
"""The same for what an audited run shows besides."""


@pytest.mark.parametrize(("check_id", "cause_id"), PLANTED.items())
def test_a_planted_abnormality_makes_its_cause_likely(check_id, cause_id):
    run = replace(bad(check_id), wiring=None, provenance={})
    result = diagnose(run, run_checks(CHECKS, run))
    likely = {item.cause.id for item in result.ranked if item.probability >= 0.5}
    assert cause_id in likely


@pytest.mark.parametrize(("check_id", "cause_id"), WIRED.items())
def test_what_the_audit_shows_makes_its_cause_the_first(check_id, cause_id):
    run = bad(check_id)
    result = diagnose(run, run_checks(CHECKS, run))
    assert result.ranked[0].cause.id == cause_id
    assert result.ranked[0].probability >= 0.5


def test_a_state_stands_below_every_likely_defect_unless_a_fact_shows_it():
    run = blank(phases=phases())
    causes = [
        cause("state", supports=(Sign("a.symptom", Grade.PROOF),), follows=(ANY,)),
        cause("defect", supports=(Sign("b.other", Grade.PROOF),)),
    ]
    findings = [found(onset=20), found("b.other", onset=90)]
    assert [item.cause.id for item in diagnose(run, findings, causes).ranked] == ["defect", "state"]
    causes[0] = cause("state", supports=(Sign("a.symptom", Grade.FACT),), follows=(ANY,))
    assert [item.cause.id for item in diagnose(run, findings, causes).ranked] == ["state", "defect"]


@cache
def recorded(case: str) -> Diagnosis:
    from rca.runs.load import load_run

    run = load_run(CASES / case)
    return diagnose(run, run_checks(CHECKS, run))


recordings = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="../shared/cases holds the recordings and is not part of this project",
)


@recordings
@pytest.mark.parametrize(
    ("case", "top"),
    [
        # The short episodes' cause and the frozen policy's: both are primary, and both are there.
        ("c03-seed-30k-minus52k", {"evaluation_disturbs_simulator", "no_net_force"}),
        ("c05-nov12-vacuous-1k-test", {"learner_never_started"}),
        (
            "c07-nov13-20k-no-learning",
            {"evaluation_disturbs_simulator", "learner_never_started"},
        ),
        ("c13-nov18-5k-q-diagnostics", {"actor_critic_feature_mixup"}),
        ("c16-nov20-matched-lr-1e-3", {"actor_critic_feature_mixup"}),
    ],
)
def test_the_top_cause_of_a_recording_is_the_right_one(case, top):
    assert recorded(case).ranked[0].cause.id in top


@recordings
@pytest.mark.parametrize("case", ["c03-seed-30k-minus52k", "c16-nov20-matched-lr-1e-3"])
def test_learning_rate_imbalance_is_refuted(case):
    assert "learning_rate_imbalance" in ids(recorded(case).refuted)


@recordings
def test_c03_has_several_likely_causes_at_once():
    ranked = {item.cause.id: item for item in recorded("c03-seed-30k-minus52k").ranked}
    likely = (
        "evaluation_disturbs_simulator",
        "no_net_force",
        "idling_optimal",
        "penalty_misspelt",
        "config_not_read",
    )
    for name in likely:
        assert ranked[name].probability > 0.5


def test_what_only_our_trainer_can_show_is_not_thought_of_elsewhere():
    only = {cause.id for cause in load_causes() if cause.ours}
    assert "network_altered" in only

    def thought_of(run):
        found = diagnose(run, run_checks(CHECKS, run))
        return {i.cause.id for part in (found.ranked, found.refuted, found.untested) for i in part}

    assert only <= thought_of(healthy())
    assert not only & thought_of(replace(healthy(), kind="recording"))


@recordings
def test_c05_learning_rate_imbalance_is_untested():
    assert "learning_rate_imbalance" in ids(recorded("c05-nov12-vacuous-1k-test").untested)


@recordings
@pytest.mark.parametrize("case", ["c13-nov18-5k-q-diagnostics", "c16-nov20-matched-lr-1e-3"])
def test_the_saturated_actor_stands_below_what_drives_it_there(case):
    order = ids(recorded(case).ranked)
    assert order.index("actor_saturated") > order.index("actor_critic_feature_mixup")


@recordings
def test_p01_is_accused_of_nothing():
    assert [r for r in recorded("p01-baseline-purepursuit").ranked if r.probability > 0.1] == []


def test_probabilities_are_probabilities():
    for check_id in PLANTED:
        run = bad(check_id)
        for item in diagnose(run, run_checks(CHECKS, run)).ranked:
            assert 0 < item.probability < 1
            assert not math.isnan(item.probability)


@settings(max_examples=15, deadline=None)
@given(run=odd_records())
def test_every_cause_gets_one_place_whatever_the_record(run):
    result = diagnose(run, run_checks(CHECKS, run))
    places = ids(result.ranked) + ids(result.refuted) + ids(result.untested)
    meant = [c.id for c in load_causes() if run.kind == "rca" or not c.ours]
    assert sorted(places) == meant
