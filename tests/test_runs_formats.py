"""Foreign files other than event files: results, tables, archives, configs."""

import json
import math
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rca.checking import builtin_checks, load_checks, run_checks
from rca.config import RunConfig
from rca.errors import EvidenceError
from rca.runs.declared import declared
from rca.runs.export import export_run
from rca.runs.folder import RunWriter
from rca.runs.load import importers, load_run
from rca.runs.part import Options
from rca.runs.record import Outcome, Phase
from rca.runs.tags import load_tags

RESULTS = {
    "scenario": 0,
    "seed": 42,
    "total_timesteps": 300,
    "total_episodes": 3,
    "training_rewards": [-1.0, -2.0, -3.0],
    "eval_rewards": [5.0, 6.0],
    "eval_success_rates": [0.0, 0.5],
    "eval_collisions": [1.0, 0.0],
    "final_eval_mean_reward": 6.0,
    "final_eval_success_rate": 0.5,
}


def results(folder: Path, **changed: object) -> Path:
    (folder / "results.json").write_text(json.dumps({**RESULTS, **changed}))
    return folder


def test_results_alone(tmp_path):
    run = load_run(results(tmp_path))
    assert run.outcome == Outcome("unknown", None, 300)
    assert run.episodes["return"].tolist() == [-1, -2, -3]
    assert run.episodes["length"].isna().all()
    assert run.episodes["end_step"].isna().all()
    assert run.evaluations["mean_return"].tolist() == [5, 6]
    assert run.evaluations["step"].isna().all()
    assert (run.phases, run.signals, run.gaps) == ((), {}, ())
    assert run.provenance["seed"] == 42


def test_results_with_lengths_place_the_episodes(tmp_path):
    run = load_run(results(tmp_path, episode_lengths=[10, 20, 30], executed_timesteps=65))
    assert run.episodes["end_step"].tolist() == [10, 30, 60]
    assert run.outcome.executed_steps == 65
    assert run.signals["episode/return"].steps.tolist() == [10, 30, 60]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("training_rewards", [1.0, math.nan, 3.0], r"training_rewards\[1\]: .*found nan"),
        ("training_rewards", [1.0, "2", 3.0], r"training_rewards\[1\]: .*found text"),
        ("training_rewards", "none", "training_rewards: expected a list of numbers, found text"),
        ("training_rewards", {"a": 1}, "training_rewards: expected a list"),
        ("training_rewards", [True, 2.0, 3.0], r"training_rewards\[0\]: .*true or false"),
        ("total_timesteps", "300", "total_timesteps: expected a number, found text"),
        ("total_timesteps", -3, "total_timesteps: expected a whole number"),
        ("total_timesteps", 10**400, "total_timesteps: is NaN, infinite or too large"),
        ("final_eval_mean_reward", math.inf, "final_eval_mean_reward: is NaN"),
        ("total_episodes", 4, "total_episodes: 4, but 3 training_rewards"),
        ("eval_collisions", [1.0], "the eval_.* lists differ in length"),
    ],
)
def test_wrong_values_in_results_are_named(tmp_path, key, value, message):
    run = load_run(results(tmp_path, **{key: value}))
    assert len(run.gaps) == 1
    assert re.search(rf"results\.json: {message}", run.gaps[0])


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\xff\xfe", "[" * 100_000])
def test_results_that_are_no_results(tmp_path, text):
    (tmp_path / "results.json").write_text(text, encoding="latin-1")
    with pytest.raises(EvidenceError, match=r"results\.json: "):
        load_run(tmp_path)


def test_results_may_bring_their_config(tmp_path):
    run = load_run(results(tmp_path, config={"batch_size": 64, "gamma": 0.9, "tau": 0.01}))
    assert len(run.episodes) == 3
    assert run.config["agent.discount"] == 0.9


def test_scripted_driver(tmp_path):
    tree = {
        "config": {"seed": 7},
        "metrics": {"success_rate": 0.5},
        "episodes": {
            "rewards": [1.0, 2.0],
            "successes": [0, 1],
            "lengths": [2, 1],
            "speeds_kmh": [36, 18],
        },
    }
    (tmp_path / "driver.json").write_text(json.dumps(tree))
    points = [[{"x": 0, "speed": 9.0}, {"x": 1, "speed": 11.0}], [{"x": 0, "speed": 5.0}]]
    (tmp_path / "path.json").write_text(json.dumps(points))
    run = load_run(tmp_path)
    assert run.episodes["success"].tolist() == [0, 1]
    assert run.signals["env/speed"].values.tolist() == [9, 11, 5]
    assert run.signals["episode/mean_speed"].values.tolist() == [10, 5]
    assert run.outcome.executed_steps == 3
    assert (run.phases, run.outcome.critic_updates, run.gaps) == ((), None, ())


MONITOR = '#{"t_start": 1700000000.0, "env_id": "Car-v0"}\nr,l,t,is_success\n'


def test_monitor(tmp_path):
    rows = "-1.5,100,10.0,False\n-2.5,200,30.0,True\n"
    (tmp_path / "monitor.csv").write_text(MONITOR + rows)
    run = load_run(tmp_path)
    assert run.episodes["end_step"].tolist() == [100, 300]
    assert run.episodes["success"].tolist() == [0, 1]
    assert run.signals["env/step_seconds"].values.tolist() == [0.1, 0.1]
    assert run.outcome.critic_updates is None  # a monitor never logs a learner value
    assert run.phases == ()


def test_monitor_with_damaged_lines(tmp_path):
    (tmp_path / "monitor.csv").write_text(MONITOR + "-1,100,10.0,True\n-2,x,20,True\n-3,50\n-4,5")
    run = load_run(tmp_path)
    assert run.episodes["return"].tolist() == [-1, -2, -3, -4]
    assert run.episodes["end_step"].tolist()[0] == 100
    assert run.episodes["end_step"].isna().tolist() == [False, True, True, True]
    assert [gap.split(";")[0] for gap in run.gaps] == [
        "monitor.csv: line 4: no number",
        "monitor.csv: line 5: another number of fields",
        "1 episode lengths are not recorded, first of episode 1",
    ]


def test_a_history_of_weights_and_biases(tmp_path):
    """As `run.history().to_csv()` writes it: an index, columns of its own, paths of media."""
    (tmp_path / "run.csv").write_text(
        ",_step,_runtime,_timestamp,losses/qf1_loss,videos,_wandb\n"
        "0,100,1.5,1.7e9,,media/videos/a.mp4,\n"
        "1,200,2.5,1.7e9,0.5,,{}\n"
        "2,300,3.5,1.7e9,0.25,,\n"
    )
    run = load_run(tmp_path)
    assert set(run.signals) == {"critic/q1_loss"}
    assert run.signals["critic/q1_loss"].steps.tolist() == [200, 300]
    assert run.gaps == ()
    assert "run.csv: _step taken for environment steps" in str(run.provenance["notes"])


@pytest.mark.parametrize(("more", "updates"), [("", 0), (",_runtime", None)])
def test_nothing_follows_from_columns_that_a_history_was_not_asked_for(more, updates, tmp_path):
    rows = "".join(f"{step},-99{',1.5' if more else ''}\n" for step in range(4_000, 40_000, 4_000))
    (tmp_path / "run.csv").write_text(f"global_step,rollout/ep_rew_mean{more}\n{rows}")
    run = load_run(tmp_path)
    assert run.outcome.critic_updates == updates
    assert ("columns that were asked for" in str(run.provenance["notes"])) == (updates is None)


def test_a_column_with_numbers_and_a_word_is_damaged_and_one_of_words_is_not(tmp_path):
    (tmp_path / "run.csv").write_text("step,a,name\n1,0.5,x\n2,oops,y\n3,0.25,\n")
    run = load_run(tmp_path)
    assert run.signals["a"].values.tolist() == [0.5, 0.25]
    assert [gap.split(";")[0] for gap in run.gaps] == ["run.csv: line 3: no number"]


def sb3_folder(folder, *, starts, every, episode, steps, envs=1, updates=1.0, first_row=0):
    """Monitors, progress.csv with a row every so many steps, and settings, as SB3 leaves them."""
    for env in range(envs):
        lengths = range(episode, steps // envs + 1, episode)
        rows = "".join(f"{-100 + at / steps},{episode},{at / 100},False\n" for at in lengths)
        (folder / (f"{env}.monitor.csv" if envs > 1 else "monitor.csv")).write_text(MONITOR + rows)
    lines = ["time/total_timesteps,rollout/ep_rew_mean,train/n_updates,train/critic_loss"]
    for at in range(max(every, first_row), steps + 1, every):
        done = f"{updates * (at - starts):.0f},0.5" if at > starts else ","
        lines.append(f"{at},-99,{done}")
    (folder / "progress.csv").write_text("\n".join(lines) + "\n")
    (folder / "config.yaml").write_text(
        f"env_id: HalfCheetah-v4\nlearning_starts: {starts}\nn_envs: {envs}\n"
        "train_freq: 1\ngradient_steps: 1\nlearning_rate: 3e-4\n"
    )


def accused(folder):
    run = load_run(folder)
    found = run_checks(load_checks([builtin_checks()]), run)
    return run, {f.check: f.message for f in found if f.verdict in ("FAIL", "ERROR")}


@pytest.mark.parametrize(
    ("starts", "more"),
    [
        (10_000, {}),
        (100, {"every": 3_996, "episode": 999}),
        (10_000, {"first_row": 252_000}),  # resumed: progress.csv begins anew, monitor.csv does not
        (10_000, {"envs": 4, "updates": 0.25, "steps": 80_000}),
    ],
)
def test_what_stable_baselines_leaves_of_a_sound_run_is_not_accused(starts, more, tmp_path):
    sb3_folder(
        tmp_path, **{"starts": starts, "every": 4_000, "episode": 1_000, "steps": 300_000, **more}
    )
    run, failed = accused(tmp_path)
    assert failed == {}
    assert run.first_update_step() == pytest.approx(starts + 1, abs=4)
    assert run.gaps == ()


def test_a_warm_up_that_nobody_reads_is_still_named(tmp_path):
    sb3_folder(tmp_path, starts=10_000, every=4_000, episode=1_000, steps=300_000)
    text = (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(text.replace("starts: 10000", "starts: 50000"))
    assert "config.effective" in accused(tmp_path)[1]


def test_a_key_below_the_name_of_a_part_is_not_that_of_another(tmp_path):
    (tmp_path / "config.yaml").write_text(
        "actor:\n  optimizer:\n    lr: 1e-4\ncritic:\n  optimizer:\n    lr: 1e-3\n"
        "eval:\n  batch_size: 1\n  seed: 7\nseed: 1\n"
    )
    (tmp_path / "run.csv").write_text("step,critic/loss\n1,0.5\n2,0.4\n")
    config = load_run(tmp_path).config
    assert (config["agent.actor_lr"], config["agent.critic_lr"]) == (1e-4, 1e-3)
    assert "agent.batch_size" not in config
    assert config["budget.seed"] == 1


@pytest.mark.parametrize(
    ("key", "actor", "critic"),
    [
        ("policy.critic_lr", None, 1e-3),
        ("policy.optimizer.critic_learning_rate", None, 1e-3),
        ("actor_critic.lr", 1e-3, 1e-3),
        ("actor_critic.actor_lr", 1e-3, None),
        ("policy.critic.lr", None, 1e-3),
        ("policy.lr", 1e-3, None),
        ("agent.lr", 1e-3, 1e-3),
    ],
)
def test_whose_a_learning_rate_is(key, actor, critic):
    config = declared({f"c.yaml:{key}": 1e-3}).config
    assert (config.get("agent.actor_lr"), config.get("agent.critic_lr")) == (actor, critic)


def test_the_settings_of_the_zoo_are_read_and_nothing_else_of_python_is(tmp_path):
    name = "!!python/object/apply:collections.OrderedDict"
    (tmp_path / "config.yml").write_text(
        f"{name}\n- - - batch_size\n    - 256\n  - - gamma\n    - 0.98\n"
    )
    (tmp_path / "run.csv").write_text("step,critic/loss\n1,0.5\n2,0.4\n")
    run = load_run(tmp_path)
    assert (run.config["agent.batch_size"], run.config["agent.discount"]) == (256, 0.98)
    assert run.gaps == ()
    for hostile in (f"{name} [3]", f"{name} {{a: 1}}", "!!python/object/apply:os.system ['true']"):
        (tmp_path / "config.yml").write_text(hostile + "\n")
        assert len(load_run(tmp_path).gaps) == 1, hostile


def test_a_column_of_broken_numbers_is_damage(tmp_path):
    rows = "".join(f"{step},2.0,tensor(0.01)\n" for step in range(1, 9))
    (tmp_path / "run.csv").write_text(f"step,env/speed,critic/loss\n{rows}")
    assert "run.csv: line 2: no number; 8 such lines" in load_run(tmp_path).gaps[0]


def test_monitors_of_environments_side_by_side(tmp_path):
    (tmp_path / "0.monitor.csv").write_text(MONITOR + "-1,100,1.0,False\n-3,100,2.0,False\n")
    (tmp_path / "1.monitor.csv").write_text(MONITOR + "-2,120,1.2,False\n")
    run = load_run(tmp_path)
    assert run.episodes["return"].tolist() == [-1, -2, -3]
    assert run.episodes["end_step"].tolist() == [200, 240, 400]
    assert run.episodes["start_step"].tolist() == [0, 0, 200]
    assert run.gaps == ()


def test_a_monitor_of_evaluations_is_no_environment_beside(tmp_path):
    (tmp_path / "train.monitor.csv").write_text(MONITOR + "-1,100,1.0,False\n")
    (tmp_path / "eval.monitor.csv").write_text(MONITOR + "-2,120,1.2,False\n")
    run = load_run(tmp_path)
    assert run.episodes["return"].tolist() == [-1]
    assert run.episodes["end_step"].tolist() == [100]
    assert "eval.monitor.csv: episodes of evaluations, left out" in str(run.provenance["notes"])


def test_a_folder_as_stable_baselines_leaves_it(tmp_path):
    (tmp_path / "monitor.csv").write_text(MONITOR + "-1,400,40.0,False\n")
    for name in ("TD3_1", "eval"):
        (tmp_path / name).mkdir()
    (tmp_path / "TD3_1" / "progress.csv").write_text(PROGRESS)
    (tmp_path / "eval" / "monitor.csv").write_text(MONITOR + "-9,9,0.9,False\n")
    steps, returns = np.array([1000]), np.array([[-7.0]])
    np.savez(tmp_path / "eval" / "evaluations.npz", timesteps=steps, results=returns)
    run = load_run(tmp_path)
    assert run.episodes["return"].tolist() == [-1]
    assert run.phases[0] == Phase("random", 1, 500)
    assert run.evaluations["episodes"].tolist() == [1]
    assert run.gaps == ()


@pytest.mark.parametrize("head", ['#\nr,l,t,"x', '"step\n1,"', 'step,"a\nb",step'])
def test_tables_with_a_damaged_line_of_names(tmp_path, head):
    (tmp_path / "table.csv").write_text(head)
    with pytest.raises(EvidenceError, match=r"table\.csv"):
        load_run(tmp_path)


PROGRESS = """\
time/total_timesteps,rollout/ep_len_mean,train/critic_loss,train/n_updates,eval/mean_reward
400,50.0,,,
800,60.0,1.5,300,
1000,,,,-7.0
1200,70.0,2.5,700,
"""


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_files_in_the_encodings_of_other_machines(tmp_path, code):
    (tmp_path / "progress.csv").write_text(PROGRESS, encoding=code)
    (tmp_path / "td3.yaml").write_text("# f\u00fcr\n" + CONFIGS["td3.yaml"], encoding=code)
    (tmp_path / "results.json").write_text('{"total_timesteps": 1200}', encoding=code)
    run = load_run(tmp_path)
    assert run.gaps == ()
    assert len(run.signals["critic/loss"]) > 0
    assert run.config["agent.discount"] == 0.9
    assert run.results == {"total_timesteps": 1200}


def test_a_json_file_that_nobody_can_read_is_named(tmp_path):
    (tmp_path / "progress.csv").write_text(PROGRESS)
    (tmp_path / "driver.json").write_text('{"metrics": {}, "episodes": {"rew')
    assert "driver.json: not valid JSON" in load_run(tmp_path).gaps[0]


def test_progress_table(tmp_path):
    (tmp_path / "progress.csv").write_text(PROGRESS)
    run = load_run(tmp_path)
    assert run.signals["critic/loss"].steps.tolist() == [800, 1200]
    assert run.signals["rollout/length_mean"].steps.tolist() == [400, 800, 1200]
    assert run.evaluations[["step", "mean_return"]].to_numpy().tolist() == [[1000, -7]]
    assert run.evaluations["updates"].tolist() == [500]
    assert run.phases == (Phase("random", 1, 500), Phase("learning", 501, 1200))
    assert run.outcome.critic_updates == 700
    assert "env/step_seconds" not in run.signals
    assert run.gaps == ()


def test_tables_of_a_resumed_training_are_joined_at_the_step_without_a_clock(tmp_path):
    for name, steps in (("progress.csv", (0, 500, 1000)), ("progress_more.csv", (600, 1500))):
        rows = "".join(f"{step},{step / 1000}\n" for step in steps)
        (tmp_path / name).write_text(f"time/total_timesteps,train/critic_loss\n{rows}")
    run = load_run(tmp_path)
    assert run.signals["critic/loss"].steps.tolist() == [0, 500, 600, 1500]
    assert run.signals["critic/loss"].values.tolist() == [0.0, 0.5, 0.6, 1.5]
    assert "resumed by progress_more.csv before step 600; 1 of its records" in run.gaps[0]


def test_no_logged_number_is_lost_because_of_its_name(tmp_path):
    columns = "time/total_timesteps,train/critic_loss,critic/loss,evaluation/reward"
    rows = "100,1.0,10.0,5.0\n200,2.0,20.0,6.0\n"
    (tmp_path / "progress.csv").write_text(f"{columns}\n{rows}")
    run = load_run(tmp_path)
    assert run.signals["critic/loss"].values.tolist() == [10, 20]
    assert run.signals["train/critic_loss"].values.tolist() == [1, 2]
    assert run.signals["evaluation/reward"].values.tolist() == [5, 6]
    assert run.evaluations.empty
    assert "" not in run.signals
    (gap,) = run.gaps
    assert gap.startswith("train/critic_loss: means critic/loss, as critic/loss does")


@pytest.mark.parametrize("steps", [np.array(1000), np.array([[1000]]), np.array([np.inf])])
def test_an_archive_without_a_list_of_steps_is_named(tmp_path, steps):
    np.savez(tmp_path / "evaluations.npz", timesteps=steps, results=np.array([[-7.0]]))
    with pytest.raises(EvidenceError, match=r"evaluations\.npz: timesteps is no list of steps"):
        load_run(tmp_path)


def test_an_archive_that_holds_other_files_is_named(tmp_path):
    np.savez(tmp_path / "evaluations.npz", timesteps=np.array([1]), results=np.array([[-7.0]]))
    with zipfile.ZipFile(tmp_path / "evaluations.npz", "a") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(EvidenceError, match=r"evaluations\.npz: cannot be read"):
        load_run(tmp_path)


def test_evaluations_archive_completes_the_table(tmp_path):
    (tmp_path / "progress.csv").write_text(PROGRESS)
    steps, returns = np.array([500, 1000]), np.array([[1.0, 3.0], [-8.0, -6.0]])
    np.savez(
        tmp_path / "evaluations.npz", timesteps=steps, results=returns, ep_lengths=returns + 10
    )
    run = load_run(tmp_path)
    table = run.evaluations
    assert table["step"].tolist() == [500, 1000]
    assert table["mean_return"].tolist() == [2, -7]
    assert table["mean_length"].tolist() == [12, 3]
    assert table["episodes"].tolist() == [2, 2]
    assert run.gaps == ()
    np.savez(tmp_path / "evaluations.npz", timesteps=steps, results=returns + 1)
    assert "evaluations.mean_return: differs" in load_run(tmp_path).gaps[0]


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_archives_are_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = np.array([[Bomb()]], dtype=object)
    np.savez(tmp_path / "evaluations.npz", timesteps=np.array([1]), results=results)
    with pytest.raises(EvidenceError, match=r"evaluations\.npz: cannot be read"):
        load_run(tmp_path)
    (tmp_path / "evaluations.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(EvidenceError, match=r"evaluations\.npz: cannot be read"):
        load_run(tmp_path)
    assert not (tmp_path / "exploded").exists()


CONFIGS = {
    "td3.yaml": "algorithm: {learning_rate: 3e-4, learning_starts: 500, gamma: 0.9}\nodd: [1]",
    "td3.toml": "odd = [1]\n[algorithm]\nlearning_rate = 3e-4\nlearning_starts = 500\ngamma = 0.9",
    "config.json": '{"td3": {"lr": 3e-4, "learning_starts": 500, "gamma": 0.9}, "odd": [1]}',
    "mine.json": '{"learning-rate": 3e-4, "learning-starts": 500, "gamma": 0.9, "odd": [1]}',
}


@pytest.mark.parametrize("name", CONFIGS)
def test_declared_values(tmp_path, name):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / name).write_text(CONFIGS[name])
    run = load_run(results(tmp_path))
    assert run.config["agent.actor_lr"] == 3e-4
    assert run.config["agent.critic_lr"] == 3e-4
    assert run.config["agent.learning_starts"] == 500
    assert run.config["agent.discount"] == 0.9
    assert run.config[f"{name}:odd"] == [1]
    assert str(run.provenance["declared_in"]).count(name) == 4


def test_the_more_telling_key_wins_and_repetitions_are_listed(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "algorithm: {learning_rate: 1}\nnetworks: {actor: {learning_rate: 2}}"
    )
    (tmp_path / "b.yaml").write_text("networks: {actor: {learning_rate: 3}}")
    run = load_run(results(tmp_path))
    assert run.config["agent.actor_lr"] == 2
    assert run.config["agent.critic_lr"] == 1
    again = run.provenance["declared_again"]
    assert isinstance(again, dict)
    assert again["agent.actor_lr"] == {"b.yaml:networks.actor.learning_rate": 3}


def test_declared_values_of_the_wrong_type_keep_their_own_key(tmp_path):
    (tmp_path / "a.yaml").write_text("batch_size: many\nlearning_starts: 2.5\ntau: .nan")
    run = load_run(results(tmp_path))
    assert not {"agent.batch_size", "agent.learning_starts", "agent.tau"} & run.config.keys()
    assert run.config["a.yaml:batch_size"] == "many"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("td3.yaml", "a: 1\nb: [", r"td3\.yaml: not valid YAML: .*line 2"),
        ("td3.yaml", "- a", r"td3\.yaml: expected `key: value` lines, found list"),
        ("td3.yaml", "!!python/object/apply:os.system ['true']", r"td3\.yaml: not valid YAML"),
        ("td3.toml", "a = 1\nb = ?", r"td3\.toml: not valid TOML: .*line 2"),
        ("config.json", '{"a": 1,\n}', r"config\.json: not valid JSON at line 2"),
        ("config.json", "[1]", r"config\.json: expected an object"),
    ],
)
def test_broken_configs_are_gaps_that_name_file_and_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    run = load_run(results(tmp_path))
    assert len(run.episodes) == 3
    assert len(run.gaps) == 1
    assert re.search(message, run.gaps[0])


def test_configs_alone_are_no_record_of_a_run(tmp_path):
    (tmp_path / "td3.yaml").write_text("batch_size: 3")
    with pytest.raises(EvidenceError, match="no record of a run"):
        load_run(tmp_path)


def test_foreign_json_is_left_alone(tmp_path):
    (tmp_path / "notes.json").write_text(
        json.dumps({"metrics": {"training_rewards": [9]}, "seed": 1})
    )
    run = load_run(results(tmp_path))
    assert run.provenance["files"] == ["results.json"]


def samples(folder: Path) -> None:
    """Writes a file of every format, each in a folder named after its importer."""
    text = {
        "results.json/results.json": json.dumps(RESULTS),
        "driver results/a.json": '{"metrics": {}, "episodes": {"rewards": [1.0]}}',
        "trajectories/a.json": '[[{"speed": 1.0}]]',
        "JSON config/a.json": CONFIGS["mine.json"],
        "YAML config/a.yaml": CONFIGS["td3.yaml"],
        "TOML config/a.toml": CONFIGS["td3.toml"],
        "progress table/progress.csv": PROGRESS,
        "Stable-Baselines3 monitor/monitor.csv": MONITOR + "-1,10,1.0,True\n",
    }
    for name, content in text.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(content)
    (folder / "Stable-Baselines3 evaluations").mkdir()
    steps, returns = np.array([500]), np.array([[1.0]])
    archive = folder / "Stable-Baselines3 evaluations" / "evaluations.npz"
    np.savez(archive, timesteps=steps, results=returns)
    writer = RunWriter.create(folder / "rca run folder", RunConfig())
    writer.signal("critic/loss", "1", 1, 0.5)
    writer.finish(Outcome("finished", 1, 1, 1, 0))
    export_run(load_run(folder / "rca run folder"), folder / "TensorBoard", "tensorboard")


def test_every_format_has_one_importer_that_reads_its_sample(tmp_path):
    samples(tmp_path)
    readers = {folder.name: set[str]() for folder in tmp_path.iterdir()}
    assert readers.keys() == {importer.name for importer in importers()}
    options = Options(load_tags())
    for folder in tmp_path.iterdir():
        for file in folder.iterdir():
            fitting = [importer for importer in importers() if importer.recognises(file)]
            readers[folder.name] |= {importer.name for importer in fitting}
            for importer in fitting:
                part = importer.read(file, options)
                assert part.source == file
                assert (
                    part.series
                    or part.signals
                    or part.episodes
                    or part.config
                    or (part.evaluations is not None and len(part.evaluations))
                )
    own = readers.pop("rca run folder")
    assert own == {"rca run folder", "results.json", "YAML config"}
    assert readers == {name: {name} for name in readers}
