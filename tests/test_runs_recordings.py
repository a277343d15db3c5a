"""Event files written by tensorboard itself, read back as a run."""

import json
import math
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.errors import EvidenceError, UsageError
from rca.report.answers import Judged, of_run
from rca.runs.load import load_run
from rca.runs.record import Phase
from rca.runs.tags import load_tags

Records = Iterable[tuple[int, float, float]]  # step, value, wall clock


def write_events(path: Path, tags: Mapping[str, Records], new_style: bool = False) -> Path:
    rows = sorted(
        ((wall, step, tag, value) for tag, rows in tags.items() for step, value, wall in rows),
        key=lambda row: row[0],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
        for wall, step, tag, value in rows:
            if new_style:
                item = Summary.Value(tag=tag, tensor=make_tensor_proto(np.float32(value)))
            else:
                item = Summary.Value(tag=tag, simple_value=value)
            event = Event(wall_time=wall, step=step, summary=Summary(value=[item]))
            writer.write(event.SerializeToString())
    return path


def training(
    steps: int,
    starts: int | None,
    *,
    first: int = 0,
    clock: float = 1_000.0,
    length: int = 25,
    episode: int = 0,
) -> dict[str, list[tuple[int, float, float]]]:
    """A plausible recording: a log every 100 steps, 0.1 s per step, episodes of equal length."""
    logged = range(first + 100, steps + 1, 100)
    ends = range(first + length, steps + 1, length)

    def wall(step: float) -> float:
        return clock + 0.1 * (step - first)

    tags = {
        "progress/speed_kmh": [(step, 36.0, wall(step)) for step in logged],
        "progress/buffer_size": [(step, float(step), wall(step)) for step in logged],
        "train/episode_length": [
            (episode + i, float(length), wall(end)) for i, end in enumerate(ends)
        ],
        "train/episode_reward": [(episode + i, -float(i), wall(end)) for i, end in enumerate(ends)],
    }
    if starts is not None:
        tags["train/critic_loss"] = [(s, 1.0, wall(s)) for s in logged if s > starts]
    return tags


def append(path: Path, event: Event) -> None:
    with path.open("ab") as file:
        RecordWriter(file).write(event.SerializeToString())


def events(folder: Path, name: str = "a") -> Path:
    return folder / f"events.out.tfevents.1.{name}"


@pytest.mark.parametrize("new_style", [False, True])
def test_values_are_those_that_tensorboard_reads(tmp_path, new_style):
    tags = {"train/critic_loss": [(100 * i, math.sin(i), 5.0 + i) for i in range(1, 50)]}
    path = write_events(events(tmp_path), tags, new_style)
    loss = load_run(tmp_path).signals["critic/loss"]
    if new_style:
        expected = np.array([value for _, value, _ in tags["train/critic_loss"]], np.float32)
    else:
        reference = EventAccumulator(str(path), size_guidance={"scalars": 0}).Reload()
        expected = np.array([item.value for item in reference.Scalars("train/critic_loss")])
    np.testing.assert_array_equal(loss.values, expected)
    assert loss.steps.tolist() == list(range(100, 5_000, 100))


def test_a_plain_training(tmp_path):
    write_events(events(tmp_path), training(2_000, 1_000))
    run = load_run(tmp_path)
    assert run.gaps == ()
    assert run.kind == "recording"
    assert run.outcome.executed_steps == 2_000
    assert run.phases == (Phase("random", 1, 1_000), Phase("learning", 1_001, 2_000))
    assert len(run.episodes) == 80
    assert run.episodes["end_step"].tolist() == list(range(25, 2_001, 25))
    assert run.episodes["success"].isna().all()
    assert run.episodes["end_reason"].isna().all()
    speed = run.signals["env/speed"]
    assert speed.unit == "m/s"
    np.testing.assert_allclose(speed.values, 10.0)
    np.testing.assert_allclose(run.signals["env/step_seconds"].values, 0.1, rtol=1e-9)


def test_step_time_leaves_out_evaluations(tmp_path):
    tags = training(2_000, None)
    pause = {s: 500.0 * (s > 1_000) for s in range(100, 2_001, 100)}
    tags["progress/speed_kmh"] = [(s, v, w + pause[s]) for s, v, w in tags["progress/speed_kmh"]]
    tags["progress/buffer_size"] = []
    tags["eval/mean_reward"] = [(1_000, 3.0, 1_500.0)]
    write_events(events(tmp_path), tags)
    seconds = load_run(tmp_path).signals["env/step_seconds"]
    assert math.isnan(seconds.values[list(seconds.steps).index(1_100)])
    np.testing.assert_allclose(seconds.finite(), 0.1)


def test_a_clock_that_goes_back_gives_no_step_time_there(tmp_path):
    tags = {"progress/speed_kmh": [(100 * i, 1.0, w) for i, w in enumerate([5, 15, 3, 13], 1)]}
    path = events(tmp_path)
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for step, value, wall in tags["progress/speed_kmh"]:
            item = Summary.Value(tag="progress/speed_kmh", simple_value=value)
            writer.write(
                Event(wall_time=wall, step=step, summary=Summary(value=[item])).SerializeToString()
            )
    run = load_run(tmp_path)
    np.testing.assert_allclose(run.signals["env/step_seconds"].values, [0.1, math.nan, 0.1])
    assert "the clock goes back 1 times" in run.gaps[0]


def test_an_axis_that_counts_updates_is_placed_by_the_clock(tmp_path):
    tags = training(2_000, None)
    updates = range(10, 1_001, 10)  # update u takes place at step 1,000 + u
    tags["train/critic_loss"] = [(u, float(u), 1_000 + 0.1 * (1_000 + u)) for u in updates]
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    loss = run.signals["critic/loss"]
    assert loss.steps.tolist() == [1_000 + u for u in updates]
    assert loss.values.tolist() == list(updates)
    assert "train/critic_loss: its x axis is not environment steps" in run.gaps[0]
    np.testing.assert_allclose(run.signals["env/step_seconds"].values, 0.1)
    assert run.phases[0].name == "random"


def test_nan_and_infinity_stay(tmp_path):
    values = [1.0, math.nan, math.inf]
    tags = {
        "train/critic_loss": [(i, v, float(i)) for i, v in zip((10, 30, 40), values, strict=True)]
    }
    write_events(events(tmp_path), tags)
    np.testing.assert_array_equal(load_run(tmp_path).signals["critic/loss"].values, values)


def test_episodes_of_several_environments_that_end_at_one_step_are_all_kept(tmp_path):
    """As CleanRL logs them."""
    ends = [(200 * n, number) for n in range(1, 6) for number in range(4)]
    tags = {
        "charts/episodic_return": [(step, float(number), 1.0 * step) for step, number in ends],
        "charts/episodic_length": [(step, 50.0, 1.0 * step) for step, _ in ends],
        "losses/value_loss": [(step, 0.5, 1.0 * step) for step in range(128, 1_000, 128)],
    }
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.gaps == ()
    assert run.episodes["end_step"].tolist() == [step for step, _ in ends]
    assert sorted(run.episodes["return"][:4]) == [0.0, 1.0, 2.0, 3.0]
    (finite,) = run_checks(select(load_checks([builtin_checks()]), ["signals.finite"]), run)
    assert finite.verdict is Verdict.PASS, finite.message


def test_episodes_that_were_written_twice_count_once(tmp_path):
    twice = [step for step in range(100, 1_100, 100) for _ in range(2)]
    tags = {
        "charts/episodic_return": [(step, step / 10, 1.0 * step) for step in twice],
        "charts/episodic_length": [(step, 100.0, 1.0 * step) for step in twice],
    }
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.episodes["end_step"].tolist() == list(range(100, 1_100, 100))
    assert "10 dropped" in run.gaps[0]


def test_unknown_tags_are_kept_and_listed(tmp_path):
    tags = {"my/own": [(10, 1.0, 1.0), (30, 2.0, 2.0)], **training(1_000, None)}
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.provenance["unknown_tags"] == ["my/own"]
    assert run.signals["my/own"].values.tolist() == [1.0, 2.0]
    said = of_run(Judged(run, [], [])).head
    assert "not understood: 1 tag (my/own); see --tags" in said


@pytest.mark.parametrize(("more", "updates"), [({}, 0), ({"my/td": "td"}, None)])
def test_that_no_update_took_place_is_not_inferred_beside_tags_of_unknown_meaning(
    more, updates, tmp_path
):
    (tmp_path / "log.csv").write_text(
        f"step,my/speed{''.join(',' + name for name in more)}\n"
        + "".join(f"{step},2.5{',0.3' * len(more)}\n" for step in range(100, 2_000, 100))
    )
    (tmp_path / "tags.yaml").write_text("my/speed: env/speed\n")
    run = load_run(tmp_path / "log.csv", tags=tmp_path / "tags.yaml")
    assert run.outcome.critic_updates == updates
    assert bool(run.phases) == (updates == 0)
    assert ("my/td may be" in str(run.provenance["notes"])) == (updates is None)
    executed = run_checks(select(load_checks([builtin_checks()]), ["updates.executed"]), run)
    assert executed[0].verdict is (Verdict.NOT_RUN if updates is None else Verdict.VACUOUS)


@pytest.mark.parametrize("name", ["episodes.return", "evaluations.mean_return"])
def test_a_tag_named_as_a_check_names_its_need_is_refused_with_the_right_spelling(name, tmp_path):
    (tmp_path / "tags.yaml").write_text(f"my/value: {name}\n")
    right = name.replace("s.", "/", 1)
    with pytest.raises(UsageError, match=f"my/value: write {right}, not {name}"):
        load_tags(tmp_path / "tags.yaml")


def test_the_users_table_gives_meaning_and_units(tmp_path):
    tags = {"my/mph": [(10, 10.0, 1.0), (30, 20.0, 2.0)], "progress/speed_kmh": [(10, 5.0, 1.0)]}
    write_events(events(tmp_path / "rec"), tags)
    table = tmp_path / "tags.yaml"
    table.write_text(
        "my/mph: {signal: env/speed, unit: m/s, factor: 0.44704}\nprogress/speed_kmh: x"
    )
    run = load_run(tmp_path / "rec", tags=table)
    np.testing.assert_allclose(run.signals["env/speed"].values, [4.4704, 8.9408])
    assert "x" in run.signals


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1]", "a: write"),
        ("a: {signal: x, unti: m}", "unknown key unti"),
        ("a: {signal: x, factor: .nan}", "factor"),
        ("a: evaluation/mean_retrun", "did you mean mean_return"),
        ("a: b: c", "not valid YAML.*line 1"),
    ],
)
def test_a_bad_table_of_tags_is_named(tmp_path, text, message):
    write_events(events(tmp_path / "rec"), training(200, None))
    (tmp_path / "tags.yaml").write_text(text)
    with pytest.raises(UsageError, match=rf"tags\.yaml: .*{message}"):
        load_run(tmp_path / "rec", tags=tmp_path / "tags.yaml")


def test_per_episode_tags_over_steps(tmp_path):
    """CleanRL logs episodes at the environment step at which they end."""
    tags = {
        "charts/episodic_return": [(25, 1.0, 1.0), (60, 2.0, 2.0), (100, 3.0, 3.0)],
        "charts/episodic_length": [(25, 25.0, 1.0), (60, 35.0, 2.0), (100, 40.0, 3.0)],
        "losses/qf1_values": [(100, 0.5, 3.0)],
    }
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.episodes["start_step"].tolist() == [0, 25, 60]
    assert run.episodes["return"].tolist() == [1, 2, 3]
    assert run.signals["critic/q1_mean"].values.tolist() == [0.5]


def test_a_learner_value_logged_once_per_episode_is_placed_at_its_end(tmp_path):
    tags = training(1_000, None)
    tags["train/critic_loss"] = [(e, 1.0, 1_000 + 2.5 * e) for e in range(20, 40)]
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.signals["critic/loss"].steps.tolist() == list(range(525, 1_001, 25))
    assert run.phases == (Phase("random", 1, 500), Phase("learning", 501, 1_000))


def test_dense_signals_over_steps_are_not_taken_for_episodes(tmp_path):
    tags = training(1_000, None)
    tags["my/dense"] = [(s, 1.0, 1_000 + 0.1 * s) for s in range(300)]
    tags["train/q1_value"] = [(s, 1.0, 1_000 + 0.1 * s) for s in range(1, 1_001)]
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.signals["my/dense"].steps[-1] == 299
    assert run.signals["critic/q1_mean"].steps[-1] == 1_000


def test_an_episode_that_was_not_logged_leaves_the_later_ones_without_a_place(tmp_path):
    tags = training(1_000, None)
    del tags["train/episode_length"][15]
    write_events(events(tmp_path), tags)
    run = load_run(tmp_path)
    assert run.episodes["end_step"].notna().tolist() == [True] * 15 + [False] * 25
    assert "episode 15" in run.gaps[0]


def test_arguments_logged_as_a_table_are_declared_values(tmp_path):
    path = write_events(events(tmp_path), training(200, None))
    text = "|param|value|\n|-|-|\n|learning_rate|0.0003|\n|learning_starts|25000|\n|cuda|True|"
    item = Summary.Value(
        tag="hyperparameters/text_summary", tensor=make_tensor_proto(text.encode(), shape=(1,))
    )
    with path.open("ab") as file:
        event = Event(wall_time=2.0, step=0, summary=Summary(value=[item]))
        RecordWriter(file).write(event.SerializeToString())
    run = load_run(tmp_path)
    assert run.config["agent.learning_starts"] == 25_000
    assert run.config["agent.actor_lr"] == 0.0003
    assert run.gaps == ()


def test_a_known_tag_of_another_type_is_a_gap(tmp_path):
    path = write_events(events(tmp_path), training(200, None))
    item = Summary.Value(tag="train/critic_loss", tensor=make_tensor_proto(np.zeros((2, 2))))
    with path.open("ab") as file:
        event = Event(wall_time=2.0, step=100, summary=Summary(value=[item]))
        RecordWriter(file).write(event.SerializeToString())
    run = load_run(tmp_path)
    assert any("train/critic_loss: not a number" in gap for gap in run.gaps)
    assert "critic/loss" not in run.signals


# --- several files, resumed runs, repeated steps ------------------------------------------------


def test_a_resumed_run_reads_as_one(tmp_path):
    write_events(events(tmp_path, "a"), training(1_500, 500))
    # Crashed at 1,500, resumed from a checkpoint at 1,000, episodes counted on.
    write_events(
        events(tmp_path, "b"), training(2_000, 500, first=1_000, clock=9_000.0, episode=40)
    )
    run = load_run(tmp_path)
    assert run.signals["env/speed"].steps.tolist() == list(range(100, 2_001, 100))
    assert run.episodes["end_step"].tolist() == list(range(25, 2_001, 25))
    assert run.phases == (Phase("random", 1, 500), Phase("learning", 501, 2_000))
    assert len(run.gaps) == 1
    assert "was resumed by" in run.gaps[0]
    np.testing.assert_allclose(run.signals["env/step_seconds"].values, 0.1)


def test_a_resumed_run_that_counts_episodes_anew(tmp_path):
    write_events(events(tmp_path, "a"), training(1_500, 500))
    write_events(events(tmp_path, "b"), training(2_000, 500, first=1_000, clock=9_000.0))
    run = load_run(tmp_path)
    assert run.episodes["end_step"].tolist() == list(range(25, 2_001, 25))


def test_two_runs_in_one_folder_are_not_mixed(tmp_path):
    write_events(events(tmp_path, "a"), training(1_500, 500))
    write_events(events(tmp_path, "b"), training(1_000, None, clock=9_000.0, length=10))
    run = load_run(tmp_path)
    assert run.outcome.executed_steps == 1_000
    assert set(run.episodes["length"]) == {10}
    assert "holds another run" in run.gaps[0]


def test_files_side_by_side_are_joined(tmp_path):
    tags = training(1_000, 500)
    loss = {"train/critic_loss": tags.pop("train/critic_loss")}
    write_events(events(tmp_path, "a"), tags)
    write_events(events(tmp_path, "b"), loss)
    run = load_run(tmp_path)
    assert run.gaps == ()
    assert len(run.signals["critic/loss"]) == 5
    assert len(run.signals["env/speed"]) == 10


def test_repeated_steps_keep_the_last(tmp_path):
    rows = [(100, 1.0, 1.0), (200, 2.0, 2.0), (300, 3.0, 3.0), (200, 4.0, 4.0)]
    write_events(events(tmp_path), {"train/critic_loss": rows})
    run = load_run(tmp_path)
    assert run.signals["critic/loss"].steps.tolist() == [100, 200, 300]
    assert run.signals["critic/loss"].values.tolist() == [1.0, 4.0, 3.0]
    assert "go back in step" in run.gaps[0]


def test_episode_lengths_that_do_not_add_up_are_a_gap(tmp_path):
    tags = training(1_000, None, length=30)
    logged = range(100, 1_001, 100)
    tags["progress/episode_steps"] = [(s, s % 30, 1_000 + 0.1 * s) for s in logged]
    write_events(events(tmp_path / "right"), tags)
    assert load_run(tmp_path / "right").gaps == ()
    tags["progress/episode_steps"] = [(s, (s - 7) % 30, 1_000 + 0.1 * s) for s in logged]
    write_events(events(tmp_path / "wrong"), tags)
    assert "do not add up" in load_run(tmp_path / "wrong").gaps[0]


# --- where updates begin ------------------------------------------------------------------------


def test_no_learner_value_is_no_update_only_where_one_would_have_been_logged(tmp_path):
    write_events(events(tmp_path / "known"), training(1_000, None))
    known = load_run(tmp_path / "known")
    assert known.outcome.critic_updates == 0
    assert known.phases == (Phase("random", 1, 1_000),)
    assert known.observed["agent.learning_starts"].low == 1_000
    write_events(events(tmp_path / "other"), {"my/reward": [(100, 1.0, 1.0), (300, 1.0, 2.0)]})
    other = load_run(tmp_path / "other")
    assert other.outcome.critic_updates is None
    assert other.phases == ()
    noisy = training(1_000, None) | {"train/exploration_noise": [(500, 0.1, 1_050.0)]}
    write_events(events(tmp_path / "noisy"), noisy)
    assert load_run(tmp_path / "noisy").outcome.critic_updates is None


def test_zeros_logged_while_waiting_are_no_updates(tmp_path):
    tags = training(1_000, 0)
    tags["train/critic_loss"] = [(s, v * (s > 600), w) for s, v, w in tags["train/critic_loss"]]
    write_events(events(tmp_path), tags)
    assert load_run(tmp_path).first_update_step() == 601


@pytest.mark.parametrize(
    ("declared", "step", "rule"),
    [
        (640, 641, "declared"),
        (300, 601, "last record without"),
        (2_000, 601, "last record without"),
    ],
)
def test_a_declared_start_counts_only_within_what_was_logged(tmp_path, declared, step, rule):
    write_events(events(tmp_path), training(1_000, 600))
    (tmp_path / "td3.yaml").write_text(f"algorithm: {{learning_starts: {declared}}}")
    run = load_run(tmp_path)
    assert run.first_update_step() == step
    first = run.provenance["first_update"]
    assert isinstance(first, dict)
    assert rule in first["rule"]
    assert (first["earliest"], first["latest"]) == (601, 700)
    assert run.observed["agent.learning_starts"].differs == (declared != 640)


def test_observed_values_are_held_against_declared_ones(tmp_path):
    tags = training(1_000, 500)
    walls = [1_000 + 0.1 * s for s in range(100, 1_001, 100)]
    logged = list(zip(range(100, 1_001, 100), walls, strict=True))
    tags["agent/actor_lr"] = [(s, 1e-3, w) for s, w in logged]
    tags["agent/critic_lr"] = [(s, 3e-4, w) for s, w in logged]
    tags["train/exploration_noise"] = [(s, 0.3 - s / 10_000, w) for s, w in logged if s > 500]
    tags["agent/buffer_utilization"] = [(s, s / 50_000, w) for s, w in logged]
    write_events(events(tmp_path), tags)
    (tmp_path / "td3.yaml").write_text(
        "algorithm: {learning_rate: 3e-4, exploration_noise: 0.24, buffer_size: 50000}"
    )
    observed = load_run(tmp_path).observed
    assert {key: item.differs for key, item in observed.items() if item.declared is not None} == {
        "agent.actor_lr": True,
        "agent.critic_lr": False,
        "agent.exploration_noise": True,  # a schedule was in force
        "agent.buffer_size": False,
    }
    assert observed["agent.buffer_size"].value == 50_000


# --- damage -------------------------------------------------------------------------------------


def test_a_cut_off_file_is_read_up_to_the_cut(tmp_path):
    path = write_events(events(tmp_path), training(2_000, 500))
    whole = load_run(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    run = load_run(tmp_path)
    assert "cut off" in run.gaps[0]
    assert path.name in run.gaps[0]
    half = run.signals["env/speed"]
    assert 5 < len(half) < len(whole.signals["env/speed"])
    np.testing.assert_array_equal(half.values, whole.signals["env/speed"].values[: len(half)])


def test_a_record_that_ends_early_does_not_show_that_there_was_no_update(tmp_path):
    path = write_events(events(tmp_path), training(2_000, 1_500))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    cut = load_run(tmp_path)
    assert cut.outcome.critic_updates is None
    assert cut.phases[-1].name == "random"
    assert cut.observed["agent.learning_starts"].high == math.inf
    write_events(path, training(1_000, None))
    (tmp_path / "results.json").write_text(json.dumps({"training_rewards": [0.0] * 80}))
    assert load_run(tmp_path).outcome.critic_updates is None
    (tmp_path / "results.json").unlink()
    assert load_run(tmp_path).outcome.critic_updates == 0


def test_a_flipped_byte_is_noticed(tmp_path):
    path = write_events(events(tmp_path), training(2_000, 500))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    assert "damaged" in load_run(tmp_path).gaps[0]


def test_episodes_show_that_the_run_was_under_way_without_updates(tmp_path):
    ends = [(step, 60.0, 1_000 + step / 10) for step in range(60, 6_000, 60)]
    losses = [(step, 1.0, 1_000 + step / 10) for step in range(2_100, 6_000, 100)]
    tags = {"charts/episodic_length": ends, "losses/qf_loss": losses}
    write_events(events(tmp_path), tags)
    assert load_run(tmp_path).first_update_step() == 2_001


def test_configs_alone_are_no_run(tmp_path):
    (tmp_path / "td3.yaml").write_text("batch_size: 64\n")
    with pytest.raises(EvidenceError, match=r"rca check --config .*td3\.yaml"):
        load_run(tmp_path)


def test_a_damaged_record_is_left_out_and_the_rest_read(tmp_path):
    path = write_events(events(tmp_path), training(2_000, 500))
    whole = load_run(tmp_path)
    content = bytearray(path.read_bytes())
    content[content.index(b"progress/speed_kmh", len(content) // 2)] ^= 0xFF
    path.write_bytes(bytes(content))
    run = load_run(tmp_path)
    assert run.gaps == (f"{path.name}: 1 records are damaged (wrong checksum); left out",)
    assert len(run.signals["env/speed"]) == len(whole.signals["env/speed"]) - 1
    assert run.signals["env/speed"].steps[-1] == whole.signals["env/speed"].steps[-1]
    assert run.outcome.critic_updates is None  # one of the lost records may have been an update


def test_a_tensor_that_claims_gigabytes_is_not_built(tmp_path):
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    path = write_events(events(tmp_path), training(1_000, 500))
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=10**12)])
    bomb = Summary.Value(tag="bomb", tensor=TensorProto(dtype=1, tensor_shape=shape, float_val=[1]))
    append(path, Event(step=3, summary=Summary(value=[bomb])))
    run = load_run(tmp_path)
    assert run.provenance["other_tags"] == ["bomb"]
    assert run.gaps == ()


def test_a_record_too_long_for_scalars_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr("rca.runs.event_file.LONGEST", 1_000)
    path = write_events(events(tmp_path), training(1_000, 500))
    append(path, Event(step=3, graph_def=b"x" * 2_000))
    run = load_run(tmp_path)
    assert run.gaps == (f"{path.name}: 1 records are too long to hold scalars; left out",)


def test_a_record_that_claims_gigabytes(tmp_path):
    path = write_events(events(tmp_path), training(1_000, 500))
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    claim = struct.pack("<Q", 5_000_000_000)
    with path.open("ab") as file:
        file.write(claim + struct.pack("<I", masked_crc32c(claim)) + b"x" * 100)
    run = load_run(tmp_path)
    assert len(run.signals["env/speed"]) == 10
    assert len(run.gaps) == 1
    assert path.name in run.gaps[0]


def test_an_empty_event_file_is_no_evidence(tmp_path):
    events(tmp_path).write_bytes(b"")
    with pytest.raises(EvidenceError, match="not a single event"):
        load_run(tmp_path)


def test_progress_is_told(tmp_path):
    write_events(events(tmp_path), training(2_000, 500))
    shares: list[float] = []
    load_run(tmp_path, progress=lambda path, share: shares.append(share))
    assert len(shares) >= 3
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


# --- which files --------------------------------------------------------------------------------


def test_missing_path_and_empty_folder(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(EvidenceError, match="nothing to read"):
        load_run(tmp_path)


def test_several_runs_below_a_folder_are_named(tmp_path):
    for name in ("one", "two"):
        write_events(events(tmp_path / name), training(200, None))
    with pytest.raises(UsageError, match=r"2 recordings \(one, two\)"):
        load_run(tmp_path)
    assert load_run(tmp_path / "one").id == "one"


def test_a_single_event_file_can_be_given(tmp_path):
    path = write_events(events(tmp_path), training(200, None))
    (tmp_path / "results.json").write_text("{}")
    assert load_run(path).provenance["files"] == [path.name]
