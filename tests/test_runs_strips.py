"""Camera strips: what is kept of which episode, and that nothing else notices."""

import math
import sqlite3
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from rca.config import load_config
from rca.runs import execute as runs
from rca.runs import under_way
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import END_REASONS, Outcome, Strip
from rca.runs.strips import Strips, png
from rca.td3.events import EpisodeEnded, Stepped
from tests.test_runs_execute import config, manifest, recorded

pytestmark = pytest.mark.carla
FRAMES = [np.full((8, 8), grey, np.uint8) for grey in (10, 20, 30)]
STRIP = Strip(9, "learning", "collision", 9, 4, 3, png(FRAMES))


def stepped(step, phase="random", size=8):
    """A step whose frame is as bright as the step's number."""
    frame = np.full((size, size), step % 256, np.uint8)
    action = np.zeros(2, np.float32)
    rest: dict[str, Any] = {
        "reward": 0.0, "speed": 0.0, "noise": 0.0, "traffic_speed": math.nan, "seconds": 0.0,
        "replay_size": 1, "age": None,
        "terminated": False, "truncated": False, "stored": True, "stack_moves": None,
    }  # fmt: skip
    return Stepped(step, phase, action, None, reward_terms={}, image=frame[None], **rest)


def ended(step, length, reason="collision"):
    return EpisodeEnded(step, step - length, 0, length, 0.0, reason, 0.0, 0.0, 0.0, math.nan, True)


def kept(folder, episodes, planned=400, size=8):
    """Strips of a run made of (first, last, phase, ending)."""
    writer = RunWriter.create(folder, load_config("quick"))
    strips = Strips(writer, planned)
    for first, last, phase, reason in episodes:
        for step in range(first, last + 1):
            strips(stepped(step, phase, size))
        strips(ended(last, last - first + 1, reason))
    writer.finish(Outcome("finished", planned, planned, 0, 0))
    return load_run(folder).strips


def pixels(strip):
    return cv2.imdecode(np.frombuffer(strip.png, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_the_last_second_is_kept_and_its_last_frame_is_the_end(tmp_path):
    (strip,) = kept(tmp_path / "run", [(1, 60, "random", "collision")])
    assert (strip.step, strip.phase, strip.end_reason, strip.length) == (
        60,
        "random",
        "collision",
        60,
    )
    assert pixels(strip)[0, 4::10].tolist() == [40, 44, 48, 52, 56, 60]


def test_a_short_episode_shows_no_frame_of_the_one_before(tmp_path):
    *_, strip = kept(tmp_path / "run", [(1, 60, "random", "goal"), (61, 66, "random", "stuck")])
    assert pixels(strip)[0, 4::10].tolist() == [62, 66]
    assert strip.frames == 2


def test_the_first_of_each_ending_phase_and_quarter_is_kept(tmp_path):
    episodes = [(n, n + 9, "random" if n < 150 else "learning", "stuck") for n in range(1, 400, 10)]
    found = kept(tmp_path / "run", episodes)
    steps = [(strip.step, strip.phase) for strip in found]
    learning = [(160, "learning"), (210, "learning"), (310, "learning")]
    assert steps == [(10, "random"), (110, "random"), *learning]


def test_large_frames_are_shrunk_so_that_strips_stay_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (512, 512), np.uint8)  # packs worst
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    strips = Strips(writer, 400)
    for step in range(1, 401):
        strips(replace(stepped(step, "random" if step < 150 else "learning"), image=noise[None]))
        if step % 30 == 0:
            strips(ended(step, 30, END_REASONS[step // 30 % 2]))
    writer.finish(Outcome("finished", 400, 400, 0, 0))
    found = load_run(tmp_path / "run").strips
    assert len(found) == 9
    assert pixels(found[0]).shape == (84, 6 * 84 + 10)
    # Seven endings in four quarters, one of them cut by the first update: 35 at most.
    assert 35 * max(len(strip.png) for strip in found) < 1_600_000


def test_neither_weights_nor_signals_notice(tmp_path, monkeypatch):
    wanted = config("budget.steps=60", "env.max_episode_steps=15")
    runs.execute(wanted, tmp_path / "with")
    monkeypatch.setattr(under_way, "Strips", lambda writer, planned: lambda event: None)
    runs.execute(wanted, tmp_path / "without")
    assert load_run(tmp_path / "with").strips
    assert not load_run(tmp_path / "without").strips
    assert recorded(tmp_path / "with") == recorded(tmp_path / "without")
    digests = [manifest(tmp_path / name)["weights_digest"] for name in ("with", "without")]
    assert digests[0] == digests[1]


def test_a_strip_shows_what_the_environment_showed(tmp_path):
    seen = []

    def look(event):
        if isinstance(event, Stepped):
            assert event.frame is not None
            seen.append(event.frame.copy())

    runs.execute(
        config("env.max_episode_steps=15", "budget.steps=31"), tmp_path / "run", listener=look
    )
    for strip in load_run(tmp_path / "run").strips:
        frame = seen[strip.step - 1]
        assert np.array_equal(pixels(strip)[:, -frame.shape[1] :], frame)


def test_a_folder_of_an_older_version_is_read_and_gone_on_with(tmp_path):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.count(5, 0, 0)
    writer.finish(Outcome("interrupted", 5, 10, 0, 0))
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        database.execute("DROP TABLE strip")
    run = load_run(tmp_path / "run")
    assert (run.strips, run.gaps) == ((), ())
    writer = RunWriter.reopen(tmp_path / "run")
    writer.strip(STRIP)
    writer.finish(Outcome("finished", 10, 10, 0, 0))
    assert load_run(tmp_path / "run").strips == (STRIP,)


def altered(**changes: Any) -> Strip:
    return replace(STRIP, **changes)


BROKEN = {
    "text": altered(png="<svg onload=alert(1)>"),
    "no picture": altered(png=b"<svg onload=alert(1)>"),
    "cut off": altered(png=STRIP.png[:-20]),
    "a bomb": altered(png=STRIP.png[:16] + b"\xff\xff" * 4 + STRIP.png[24:]),
    "too large": altered(png=STRIP.png[:-12] + bytes(100_000) + STRIP.png[-12:]),
    "no step": altered(step="<script>"),
    "no ending": altered(end_reason=None),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_strip_is_left_out_and_said(tmp_path, broken):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.strip(STRIP)
    writer.strip(broken)
    writer.finish(Outcome("finished", 10, 10, 0, 0))
    run = load_run(tmp_path / "run")
    assert run.strips == (STRIP,)
    assert run.gaps == ("1 camera strips are damaged or oversized; left out",)
