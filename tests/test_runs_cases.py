"""What is known of the recorded failures (cases/README.md, evidence.md) is read from them."""

from pathlib import Path

import numpy as np
import pytest

from rca.runs.load import load_run
from rca.runs.record import Outcome, Phase, RunRecord

CASES = Path(__file__).parents[1] / ".." / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not here")


def case(prefix: str) -> RunRecord:
    (folder,) = CASES.glob(f"{prefix}*")
    return load_run(folder)


def test_c03_has_its_known_shape():
    run = case("c03")
    assert (run.outcome.executed_steps, run.outcome.planned_steps) == (30_000, 30_000)
    assert run.phases == (Phase("random", 1, 10_000), Phase("learning", 10_001, 30_000))
    random, learning = (run.episodes_in(phase) for phase in run.phases)
    assert (len(run.episodes), len(random), len(learning)) == (1_094, 1_074, 20)
    assert random["length"].mean() == pytest.approx(9.31, abs=0.01)
    assert set(learning["length"]) == {1_000}
    assert run.episodes["return"].median() == pytest.approx(-50_075.21, abs=0.01)
    assert run.gaps == ()


def test_c03_shows_when_steps_became_slow():
    seconds = case("c03").signals["env/step_seconds"]
    assert seconds.between(1, 2_000).median() == pytest.approx(0.035, abs=0.001)
    assert seconds.between(2_001, 30_000).median() == pytest.approx(0.59, abs=0.01)


def test_c03_evaluations_before_the_first_update_are_known_to_be_without_updates():
    table = case("c03").evaluations
    early = table[table["step"] <= 10_000]
    assert early["updates"].tolist() == [0] * 5
    assert table[table["step"] > 10_000]["updates"].isna().all()
    assert early["mean_length"].tolist() == [88, 4, 4, 4, 4]


def test_c03_units_and_declared_values():
    run = case("c03")
    speed = run.signals["env/speed"]
    assert (speed.unit, speed.tag) == ("m/s", "progress/speed_kmh")
    assert speed.values[0] == pytest.approx(0.0478 / 3.6, rel=0.01)
    assert run.config["agent.learning_starts"] == 10_000
    assert run.config["agent.batch_size"] == 256
    assert "agent.actor_encoder_lr" not in run.config  # that configuration declares no CNN rate
    assert run.config["training_config.yaml:reward.safety.off_road_penalty"] == -100.0


@pytest.mark.parametrize(("prefix", "steps", "episodes"), [("c05", 1_000, 8), ("c07", 20_800, 780)])
def test_runs_without_a_learner_value_are_inferred_to_have_no_update(prefix, steps, episodes):
    run = case(prefix)
    assert run.outcome == Outcome("unknown", steps, None, 0, None)
    assert run.phases == (Phase("random", 1, steps),)
    assert len(run.episodes) == episodes
    assert "inferred" in str(run.provenance["notes"])


@pytest.mark.parametrize(
    ("prefix", "executed", "updates"), [("c13", 5_000, 4_000), ("c16", 3_710, 2_700)]
)
def test_runs_with_an_update_counter_are_placed_by_it(prefix, executed, updates):
    run = case(prefix)
    assert run.outcome.executed_steps == executed
    assert run.outcome.critic_updates == updates
    assert run.first_update_step() == 1_001
    assert "the update counter" in str(run.provenance["first_update"])
    assert run.gaps == ()


def test_c13_diagnostics_have_our_names():
    signals = case("c13").signals
    assert signals["actor/q_min"].values[-1] > signals["critic/q1_max"].values[-1]
    assert len(signals["critic_encoder/grad_norm"]) == 40


def test_p01_is_a_driver_without_phases():
    run = case("p01")
    assert run.phases == ()
    assert run.outcome.critic_updates is None
    assert run.episodes["success"].tolist() == [0, 0, 1]
    assert run.episodes["length"].tolist() == [515, 359, 956]
    speed = run.signals["env/speed"]
    assert len(speed) == 1_830
    reported = run.signals["episode/mean_speed"].values
    np.testing.assert_allclose(reported[0], speed.between(1, 515).values.mean(), rtol=1e-3)


def test_answers_are_not_read_with_the_evidence():
    assert "results.json" in str(case("c03").provenance["files"])
    assert "case.json" not in str(case("c03").provenance["files"])


@pytest.mark.parametrize("prefix", ["c03", "c05", "c07", "c13", "c16"])
def test_a_damaged_copy_says_so_and_shows_only_what_was_recorded(prefix, tmp_path):
    (folder,) = CASES.glob(f"{prefix}*")
    whole = load_run(folder)
    (events,) = folder.glob("events*")
    content = bytearray(events.read_bytes())
    rng = np.random.default_rng(int(prefix[1:]))
    for number in range(2):
        place = int(rng.integers(1_000, len(content)))
        damaged = content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]
        copy = tmp_path / str(number)
        copy.mkdir()
        (copy / events.name).write_bytes(damaged)
        run = load_run(copy)
        assert "damaged" in run.gaps[0]
        assert run.outcome.critic_updates is None
        assert run.outcome.executed_steps is not None
        assert whole.outcome.executed_steps is not None
        assert run.outcome.executed_steps <= whole.outcome.executed_steps
        for name in ("env/speed", "env/reward"):
            part = run.signals[name]
            known = dict(zip(whole.signals[name].steps, whole.signals[name].values, strict=True))
            assert [known[step] for step in part.steps] == part.values.tolist()
