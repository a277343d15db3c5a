"""Checkpoints: a run that was stopped anywhere and resumed is the run that was not."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, RunConfig
from rca.errors import EvidenceError, UsageError
from rca.td3.checkpoint import restore, save, set_newer_aside
from rca.td3.events import EpisodeEnded, Event, Redriven, Stepped
from rca.td3.train import train
from tests.tiny_env import Pointing


def config(steps=70, **agent):
    settings = {
        "learning_starts": 20,
        "batch_size": 4,
        "buffer_size": 30,
        "encoder": "small",
        "features": 16,
        "random_shift": 2,
        "n_step": 2,
        **agent,
    }
    return RunConfig(agent=AgentConfig(**settings), budget=BudgetConfig(steps=steps, seed=3))


def start(settings=None):
    seen: list[Event] = []
    training = default_build(settings or config()).training(Pointing(terminal_every=1), seen.append)
    return training, seen


@cache
def whole():
    """A run left alone, that no test changes."""
    training, seen = start()
    train(training)
    return training, seen


def stopped_after(steps, folder):
    """A run that saves between episodes and is dropped after some steps."""
    training, seen = start()
    train(training, stops=saving_until(training, steps, folder))
    return training, seen


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """What a run leaves that is dropped after 65 steps."""
    folder = tmp_path_factory.mktemp("kept")
    stopped_after(65, folder)
    return folder


@pytest.fixture
def checkpoints(kept, tmp_path):
    """A copy of that which a test may damage."""
    return shutil.copytree(kept, tmp_path / "checkpoints")


def saving_until(training, steps, folder):
    def save_and_go_on(episode):
        if training.progress.step == steps:
            return True
        if episode is None:
            save(folder, training)
        return False

    return save_and_go_on


def bits(training):
    """Everything that the next step depends on, bit for bit."""
    state = {"agent": training.agent.state_dict(), "replay": training.replay.state_dict()}
    leaves, _ = torch.utils._pytree.tree_flatten(state)
    generators = (training.streams.exploration, training.streams.replay)
    return [
        *(leaf.numpy().tobytes() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves),
        *(str(generator.bit_generator.state) for generator in generators),
        training.progress.step,
        training.progress.episode,
    ]


@pytest.mark.parametrize("steps", [11, 29, 40, 69])
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, steps):
    expected, seen = whole()
    stopped_after(steps, tmp_path)
    resumed, later = start()
    path = restore(tmp_path, resumed)
    assert path is not None
    assert path.name == f"step-{(steps - 1) // 10 * 10:09d}.pt"
    train(resumed)
    assert bits(resumed) == bits(expected)
    for kind in (Stepped, EpisodeEnded):
        one = [event for event in seen if isinstance(event, kind)][-len(later) :]
        other = [event for event in later if isinstance(event, kind)]
        assert [e.step for e in other] == [e.step for e in one][-len(other) :]
    rewards = {e.step: e.reward for e in seen if isinstance(e, Stepped)}
    assert all(rewards[e.step] == e.reward for e in later if isinstance(e, Stepped))


def stopped_inside(steps, folder, settings=None):
    """A run that is saved and dropped in the middle of an episode."""
    training, seen = start(settings)

    def save_there(episode):
        if training.progress.step == steps:
            save(folder, training, episode)
        return training.progress.step == steps

    train(training, stops=save_there)
    return training, seen


@pytest.mark.parametrize("steps", [3, 25, 41, 69])
def test_a_run_saved_in_an_episode_goes_on_in_it(tmp_path, steps):
    expected, seen = whole()
    stopped_inside(steps, tmp_path)
    resumed, later = start()
    assert restore(tmp_path, resumed) == tmp_path / f"step-{steps:09d}.pt"
    train(resumed)
    assert bits(resumed) == bits(expected)
    again = [event.step for event in later if isinstance(event, Redriven)]
    assert again == [*range(steps // 10 * 10 + 1, steps + 1)]
    ended = [event for event in seen if isinstance(event, EpisodeEnded) and event.step > steps]
    assert [event for event in later if isinstance(event, EpisodeEnded)] == ended
    stepped = [event for event in seen if isinstance(event, Stepped) and event.step > steps]
    other = [event for event in later if isinstance(event, Stepped)]
    for one, two in zip(stepped, other, strict=True):
        assert (one.step, one.reward, one.phase) == (two.step, two.reward, two.phase)
        np.testing.assert_array_equal(one.action, two.action)


@pytest.mark.parametrize("replay", [True, False])
@pytest.mark.parametrize("part", ["image", "vector"])
def test_where_the_world_does_not_repeat_itself_the_episode_begins_anew(tmp_path, part, replay):
    settings = config() if replay else small()
    stopped_inside(25, tmp_path, settings)
    resumed, seen = start(settings)
    restore(tmp_path, resumed)
    step = resumed.env.step

    def otherwise(action):
        obs, *rest = step(action)
        return {**obs, part: obs[part] + np.ones_like(obs[part])}, *rest

    resumed.env.step = otherwise
    assert resumed.begin() is None
    assert not seen  # nobody is told of steps that led elsewhere
    resumed.env.step = step
    train(resumed)
    (first, *_) = [event for event in seen if isinstance(event, EpisodeEnded)]
    assert (first.index, first.start_step, first.length) == (2, 25, 10)


def test_a_simulator_that_fails_while_an_episode_is_driven_again_is_asked_once_more(tmp_path):
    stopped_inside(25, tmp_path)
    resumed, _ = start()
    restore(tmp_path, resumed)
    step, calls = resumed.env.step, []

    def failing(action):
        calls.append(action)
        if len(calls) == 3:
            return {}, 0.0, False, True, {"end_reason": "simulator_fault"}
        return step(action)

    resumed.env.step = failing
    begun = resumed.begin()
    assert begun is not None
    assert begun[1].length == 5
    assert len(calls) == 3 + 5


def small():
    """Settings whose checkpoints hold no replay."""
    settings = config()
    budget = settings.budget.model_copy(update={"checkpoint_replay": False})
    return settings.model_copy(update={"budget": budget})


def test_without_replay_an_episode_goes_on_too(tmp_path):
    stopped_inside(45, tmp_path, small())
    resumed, seen = start(small())
    restore(tmp_path, resumed)
    train(resumed)
    (first, *_) = [event for event in seen if isinstance(event, EpisodeEnded)]
    assert (first.start_step, first.length) == (40, 10)


@pytest.mark.parametrize("steps", [3, 14])
def test_a_stop_in_a_stretch_that_the_script_drives_changes_nothing(tmp_path, steps):
    settings = config(random_phase="route_following", guided_share=0.5)

    def begun():
        training, seen = start(settings)
        training.guide = lambda obs: np.array([0.25, 0.5], np.float32)
        return training, seen

    expected, _ = begun()
    train(expected)
    training, _ = begun()

    def save_there(episode):
        if training.progress.step == steps:
            save(tmp_path, training, episode)
        return training.progress.step == steps

    train(training, stops=save_there)
    resumed, _ = begun()
    restore(tmp_path, resumed)
    train(resumed)
    assert bits(resumed) == bits(expected)


def test_restoring_is_needed_for_that(tmp_path):
    """The comparison above is able to fail: without the sampling generator weights differ."""
    expected, _ = whole()
    stopped_after(33, tmp_path)
    resumed, _ = start()
    restore(tmp_path, resumed)
    resumed.streams.replay.random()
    train(resumed)
    assert bits(resumed) != bits(expected)


def test_saving_does_not_change_the_run(tmp_path):
    expected, _ = whole()
    training, _ = stopped_after(70, tmp_path)
    assert bits(training) == bits(expected)


def test_two_checkpoints_are_kept_and_hold_what_was_stored_only(checkpoints):
    files = sorted(checkpoints.iterdir())
    assert [path.name for path in files] == ["step-000000050.pt", "step-000000060.pt"]
    state = torch.load(files[-1], weights_only=True)
    assert len(state["replay"]["rewards"]) == 30
    frames = state["replay"]["frames"]
    assert (
        frames.untyped_storage().nbytes() == frames.numel() <= 36 * 36 * 36
    )  # 30 steps, borders of 4 episodes, 2 in flight


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(checkpoints):
    newest = checkpoints / "step-000000060.pt"
    newest.write_bytes(newest.read_bytes()[:1000])
    resumed, _ = start()
    assert restore(checkpoints, resumed) == checkpoints / "step-000000050.pt"
    assert resumed.progress.step == 50


def test_a_checkpoint_with_a_wrong_checksum_is_passed_over(checkpoints):
    newest = checkpoints / "step-000000060.pt"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    torch.load(newest, weights_only=True)  # sees nothing of it
    resumed, _ = start()
    assert restore(checkpoints, resumed) == checkpoints / "step-000000050.pt"


def test_one_that_was_passed_over_is_set_aside_and_costs_no_other_its_place(checkpoints):
    newest = checkpoints / "step-000000060.pt"
    for content in (b"one", b"two"):
        newest.write_bytes(content)
        resumed, _ = start()
        used = restore(checkpoints, resumed)
        assert used is not None
        assert used.name == "step-000000050.pt"
        (aside,) = set_newer_aside(used)
        assert aside.read_bytes() == content
        assert set_newer_aside(used) == []
    assert {path.read_bytes() for path in checkpoints.glob("*.unreadable*")} == {b"one", b"two"}
    resumed.progress.step = 55
    save(checkpoints, resumed)
    kept = sorted(path.name for path in checkpoints.glob("*.pt"))
    assert kept == ["step-000000050.pt", "step-000000055.pt"]


def memory():
    """Bytes of this process that no file backs, and all of its address space."""
    lines = Path("/proc/self/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    return [int(sizes[key].split()[0]) * 1024 for key in ("RssAnon", "VmSize")]


@pytest.fixture
def large(tmp_path):
    """A checkpoint of 40 MB, whose replay is nearly all of it."""
    training, _ = start(config(buffer_size=30_000))
    replay = training.replay
    frame = np.zeros((36, 36), np.uint8)
    replay.begin({"image": np.stack([frame, frame]), "vector": np.zeros(3, np.float32)})
    for step in range(30_000):
        after = np.full_like(frame, step % 251)
        obs = {"image": np.stack([frame, after]), "vector": np.ones(3, np.float32)}
        replay.add(np.zeros(2), 1.0, obs, False)
        frame = after
    path = save(tmp_path, training)
    assert path.stat().st_size > 40_000_000
    return path


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux")
def test_a_checkpoint_takes_no_memory_beside_the_replay_that_it_fills(large):
    resumed, _ = start(config(buffer_size=30_000))
    taken, fill = [], resumed.replay.load_state_dict
    before, _ = memory()

    def filled(state):
        taken.append(memory()[0] - before)
        fill(state)
        taken.append(memory()[0] - before)

    resumed.replay.load_state_dict = filled
    assert restore(large.parent, resumed) == large
    assert taken[0] < 10_000_000
    assert taken[1] < 50_000_000
    assert large.name not in Path("/proc/self/maps").read_text()  # nor is the file held on to


@contextmanager
def limited(kind, most):
    """Lowers a limit of this process."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(getattr(resource, kind))
    resource.setrlimit(getattr(resource, kind), (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(getattr(resource, kind), before)


def limits_of(refusal):
    if refusal == "Cannot allocate memory":
        return limited("RLIMIT_AS", memory()[1] + 20_000_000)
    return limited("RLIMIT_NOFILE", len(os.listdir("/proc/self/fd")) - 1)  # noqa: PTH208


REFUSED = """
import sys
from pathlib import Path
from rca.errors import UsageError
from rca.td3.checkpoint import restore
from tests.test_td3_checkpoint import config, limits_of, start
resumed, _ = start(config(buffer_size=30_000))
try:
    with limits_of(sys.argv[2]):
        restore(Path(sys.argv[1]), resumed)
except UsageError as error:
    print(error)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
@pytest.mark.parametrize("refusal", ["Cannot allocate memory", "Too many open files"])
def test_a_checkpoint_that_the_machine_refuses_to_read_is_not_passed_over(large, refusal):
    """In a process of its own: what others have freed before is memory that nobody refuses."""
    newest, older = shutil.copy(large, large.with_name("step-000000060.pt")), large
    command = [sys.executable, "-c", REFUSED, str(newest.parent), refusal]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"cannot be read now: {refusal}" in done.stdout
    assert sorted(newest.parent.iterdir()) == [older, newest]
    resumed, _ = start(config(buffer_size=30_000))
    assert restore(newest.parent, resumed) == newest


@contextmanager
def as_nobody():
    """Gives up root's right to read everything, if this is root."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@pytest.mark.parametrize("closed", ["step-000000060.pt", "."])
def test_a_checkpoint_or_folder_that_may_not_be_read_is_not_passed_over(kept, closed):
    with tempfile.TemporaryDirectory() as open_to_all:
        folder = shutil.copytree(kept, Path(open_to_all, "checkpoints"))
        for place in (folder.parent, folder):
            place.chmod(0o755)
        (folder / closed).chmod(0)
        resumed, _ = start()
        refused = f"^{folder / closed}: cannot be read now: Permission denied"
        with as_nobody(), pytest.raises(UsageError, match=refused):
            restore(folder, resumed)
        (folder / closed).chmod(0o755)
        assert restore(folder, resumed) == folder / "step-000000060.pt"


def test_where_a_file_system_maps_no_files_a_checkpoint_is_read(checkpoints, monkeypatch):
    load = torch.load

    def unmapped(*args, mmap=False, **kwargs):
        if mmap:
            raise RuntimeError("unable to mmap 9 bytes from file <x>: No such device (19)")
        return load(*args, **kwargs)

    monkeypatch.setattr(torch, "load", unmapped)
    resumed, _ = start()
    assert restore(checkpoints, resumed) == checkpoints / "step-000000060.pt"


@pytest.mark.parametrize("state", [{"version": 2}, {"version": 1}, [1, 2]])
def test_something_else_than_our_checkpoint_is_named(tmp_path, state):
    torch.save(state, tmp_path / "step-000000001.pt")
    with pytest.raises(EvidenceError, match=r"step-000000001\.pt: not a checkpoint"):
        restore(tmp_path, start()[0])


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"\x80\x04N."])
def test_where_none_of_the_checkpoints_can_be_read_there_is_one_clear_line(tmp_path, content):
    assert restore(tmp_path, start()[0]) is None
    (tmp_path / "step-000000001.pt").write_bytes(content)
    with pytest.raises(EvidenceError, match=r"step-000000001\.pt"):
        restore(tmp_path, start()[0])


def test_a_pickle_that_would_run_code_is_not_loaded(tmp_path):
    class Dangerous:
        def __reduce__(self):
            return (pytest.fail, ("code from a checkpoint was run",))

    torch.save({"version": 1, "agent": Dangerous()}, tmp_path / "step-000000001.pt")
    with pytest.raises(EvidenceError, match="no readable"):
        restore(tmp_path, start()[0])


def test_another_config_is_refused_but_more_steps_are_not(tmp_path):
    stopped_after(33, tmp_path)
    with pytest.raises(UsageError, match="another config"):
        restore(tmp_path, start(config(tau=0.5))[0])
    longer, _ = start(config(steps=90))
    restore(tmp_path, longer)
    assert train(longer).step == 90


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    training, _ = start()
    with pytest.raises(UsageError, match="checkpoints"):
        save(tmp_path / "checkpoints", training)


def test_an_interrupted_write_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    stopped_after(33, tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    training, _ = start()
    training.progress.step = 99

    def full_disk(state, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(UsageError, match="No space left"):
        save(tmp_path, training)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_ctrl_c_while_saving_leaves_no_part_of_a_file(tmp_path, monkeypatch):
    (tmp_path / "step-000000007.part").write_bytes(b"of a process that was killed")
    training, _ = start()

    def interrupted(state, file):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, training)
    assert not list(tmp_path.iterdir())


def test_a_replay_that_grew_is_restored(tmp_path):
    replay = start(config(buffer_size=3))[0].replay
    rng = np.random.default_rng(0)
    for _ in range(30):  # episodes of one step that start with differing frames
        image = rng.integers(256, size=(2, 36, 36), dtype=np.uint8)
        replay.begin({"image": image, "vector": np.zeros(3, np.float32)})
        after = np.concatenate([image[1:], image[:1]])
        replay.add(np.zeros(2), 1.0, {"image": after, "vector": np.ones(3, np.float32)}, True)
    other = start(config(buffer_size=3))[0].replay
    other.load_state_dict(replay.state_dict())
    one, two = (r.sample(20, np.random.default_rng(1)) for r in (replay, other))
    assert torch.equal(one.obs.image, two.obs.image)
    assert torch.equal(one.next_obs.image, two.next_obs.image)


def test_without_replay_a_checkpoint_is_small_and_updates_wait_for_a_refill(tmp_path):
    settings = small()
    training, _ = start(settings)
    train(training, stops=saving_until(training, 45, tmp_path))
    resumed, seen = start(settings)
    path = restore(tmp_path, resumed)
    assert path is not None
    assert path.name == "step-000000040.pt"
    assert torch.load(path, weights_only=True)["replay"] is None
    assert (len(resumed.replay), resumed.agent.critic_updates) == (0, 20)
    weights = [value.clone() for value in resumed.agent.critic.parameters()]
    train(resumed, stops=lambda episode: resumed.progress.step == 59)
    assert all(map(torch.equal, weights, resumed.agent.critic.parameters()))
    train(resumed)
    assert resumed.agent.critic_updates == 20 + 11  # from step 60 on: 20 transitions are there
    assert {event.phase for event in seen if isinstance(event, Stepped)} == {"learning"}
