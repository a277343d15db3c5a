"""Studies by name: the seed's six issues against the true defects, and augmentation."""

from collections.abc import Callable, Mapping

from rca.build import default_build
from rca.config import flatten, load_config
from rca.faults import find_fault
from rca.study.design import one_at_a_time, unique
from rca.study.factors import Arm, End, Factor
from rca.study.study import Study

STEPS = 2400
"""Of the seed study: the smallest multiple of the seed's 1:3 and 5:6 warm-ups in which `quick`
learns (docs/healthy.md)."""
FULL = 30_000
"""Steps of the seed's longest verification test (seed.md, Phase B)."""
BATCH_SCALE = 4
"""By which the seed's batches are divided: `quick` has 32 where the seed's remedy has 128."""

SEED_FACTORS = (
    Factor(
        "learning_rates",
        {"agent.actor_encoder_lr": 1e-4, "agent.critic_encoder_lr": 1e-4},
        {"agent.actor_encoder_lr": 3e-4, "agent.critic_encoder_lr": 3e-4},
        note="seed's issue 1: CRITICAL, +80% success rate; 99% sure that it is the cause",
    ),
    Factor(
        "exploration_noise",
        {"agent.exploration_noise": 0.2},
        {"agent.exploration_noise": 0.1},
        note="seed's issue 2: MEDIUM, +30% success rate",
    ),
    Factor(
        "learning_starts",
        {"agent.learning_starts": STEPS * 10_000 // FULL},
        {"agent.learning_starts": STEPS * 25_000 // FULL},
        note="seed's issue 3: MEDIUM, +20% stability (same share of the run as in 30,000 steps)",
    ),
    Factor(
        "reward",
        {"env.reward.progress": 0.0, "env.reward.collision": 5.0},
        {"env.reward.progress": 0.5, "env.reward.collision": 1.0},
        note="seed's issue 4: FIXED before, already improved",
    ),
    Factor(
        "batch_size",
        {"agent.batch_size": 256 // BATCH_SCALE},
        {"agent.batch_size": 128 // BATCH_SCALE},
        note=f"seed's issue 5: LOW, +5% stability (a {BATCH_SCALE}th, as the preset's batch is)",
    ),
    Factor(
        "encoder_targets",
        {"agent.encoder_targets": False},
        {"agent.encoder_targets": True},
        note="seed's issue 6: LOW, +10% stability",
    ),
)
DEFECTS: Mapping[str, str] = {
    "D01": "random_brakes",
    "D03": "evaluation_in_training_world",
    "D04": "lane_touch_ends",
    "D05": "penalty_huge",
    "D08": "encoders_swapped",
}
"""True defects of the recorded failure (evidence.md) and the faults that plant them."""
IDLING = "idling_optimal"
"""D22, standing still is optimal: what the fault sets, but for PROGRESS."""
PROGRESS = "env.reward.progress"
"""The seed's issue 4 sets it: a defect planted on top would override what may mend it."""
NOT_PLANTED = " (fixed: not planted)"
"""Behind a defect's note."""
SHARED = {
    "env.reward.speed": 1.0,  # both ends of the seed have it (presets/baseline.yaml)
    "env.reward.off_road": 5.0,  # the same
    "agent.actor_lr": 3e-4,  # seed.md, Issue 1: unchanged
    "agent.critic_lr": 3e-4,  # the same
    "budget.eval_every": STEPS // 6,
    "budget.eval_from": STEPS * 5 // 6,  # the two in the last fifth, by which a run is judged
    "budget.eval_episodes": 3,
}
DISTURBING = "D03"
"""Evaluations disturb the training: with it planted they take place from the start."""


def seed_study(seeds: tuple[int, ...] = (1, 2)) -> Study:
    """Returns the study of the seed's six issues, alone and under each true defect.

    Without a defect: each issue reverted from each end. With each defect planted: nothing fixed,
    each issue fixed alone, all six fixed; so that it shows which of them rescues the run.
    Two seeds are what an hour allows; a third (`--seed`) is added to the runs that stand.
    """
    overrides = [f"{key}={value}" for key, value in SHARED.items()]
    before = End(load_config("quick", [*overrides, f"budget.steps={STEPS}"]))
    defects = _defects(before)
    issues = [factor.name for factor in SEED_FACTORS]
    clean = frozenset(defect.name for defect in defects)
    contexts: dict[str, Arm] = {"no defect": clean}
    arms = [clean | arm for arm in one_at_a_time(issues)]
    for defect in defects:
        start = clean - {defect.name}
        contexts[defect.name] = start
        fixes = [Arm(), *(Arm({issue}) for issue in issues), frozenset(issues)]
        arms += [start | fix for fix in fixes]
    return Study(
        "seed",
        before,
        (*SEED_FACTORS, *defects),
        tuple(unique(arms)),
        seeds,
        contexts,
        "Does any of the seed's six issues explain the failure, or rescue a run that has a true "
        "defect?",
    )


def _defects(clean: End) -> list[Factor]:
    """Returns the true defects as factors; without one, settings are those of the clean end."""
    sound = flatten(clean.config.model_dump())
    idling = find_fault(IDLING).apply(default_build(clean.config)).config
    set_by_it = flatten(idling.model_dump())
    before = {k: v for k, v in set_by_it.items() if v != sound[k] and k != PROGRESS}
    after = {key: sound[key] for key in before}
    late = {"budget.eval_from": sound["budget.eval_from"]}
    planted = [
        Factor(
            name,
            dict.fromkeys(late, 0) if name == DISTURBING else {},
            late if name == DISTURBING else {},
            faults_before=(fault,),
            note=find_fault(fault).title + NOT_PLANTED,
        )
        for name, fault in DEFECTS.items()
    ]
    note = find_fault(IDLING).title + NOT_PLANTED
    return [*planted, Factor("D22", before, after, note=note)]


def augmentation_study(seeds: tuple[int, ...] = (1, 2, 3)) -> Study:
    """Returns the study of random shifts (DrQ), which the seed never considered."""
    factor = Factor(
        "random_shift",
        {"agent.random_shift": 0},
        {"agent.random_shift": 2},
        note="Yarats et al. 2021 (DrQ) shift 84x84 images by 4 pixels; 2 at 36x36",
    )
    return Study(
        "augmentation",
        End(load_config("quick")),
        (factor,),
        tuple(one_at_a_time([factor.name])),
        seeds,
        question="Does shifting images at random help this agent to learn?",
    )


KNOWN: Mapping[str, Callable[..., Study]] = {
    "seed": seed_study,
    "augmentation": augmentation_study,
}
