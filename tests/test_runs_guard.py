"""A number of an update that is not finite: named, dumped, and stopped at unless told otherwise."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.config import load_config
from rca.errors import NotFiniteError, UsageError
from rca.faults import find_fault
from rca.runs.folder import RunWriter
from rca.runs.guard import Guard
from rca.runs.load import load_run
from rca.runs.notes import Notes
from rca.runs.record import Outcome
from rca.td3.agent import MODULES
from rca.td3.train import train
from tests.tiny_env import Pointing

SETTINGS = [
    "env.image_size=36",
    "agent.encoder=small",
    "agent.features=16",
    "agent.batch_size=16",
    "agent.buffer_size=20",
    "agent.random_phase=uniform",
    "agent.critic_warmup=0",
    "agent.n_step=1",
    "budget.threads=1",
    "budget.eval_every=0",
]
LATE = [*SETTINGS, "agent.learning_starts=1497", "budget.steps=1510"]
EARLY = [*SETTINGS, "agent.learning_starts=20", "budget.steps=30"]


def guarded(folder, settings, fault=None, spoil=lambda training: None, on_nan="stop"):
    """Trains in the tiny task under the guard; returns the agent's updates."""
    config = load_config("quick", settings)
    build = replace(
        default_build(config),
        make_env=lambda config, host, port: Pointing(),
        make_eval_env=lambda config, host, port: Pointing(),
    )
    if fault:
        build = find_fault(fault).apply(build)
    writer = RunWriter.create(folder, config)
    training = build.training(build.make_env(config, "", 0), Guard(writer, on_nan))
    spoil(training)
    try:
        train(training)
    finally:
        writer.finish(Outcome("crashed"))
    return training.agent.critic_updates


def judged_finite(run):
    return run_checks(select(load_checks([builtin_checks()]), ["signals.finite"]), run)[0]


def noted(folder):
    return json.loads((folder / "manifest.json").read_text()).get("not_finite")


def test_one_nan_reward_stops_the_run_with_its_name_step_and_batch(tmp_path):
    with pytest.raises(
        NotFiniteError, match=r"at step 1,5\d\d: batch\.reward is not finite"
    ) as why:
        guarded(tmp_path / "run", LATE, "reward_nan_once")
    assert why.value.exit_code == 4
    note = noted(tmp_path / "run")
    assert note["tensor"] == "batch.reward"
    assert note["update"] == note["step"] - 1497
    assert note["how"].endswith("of 16 entries, nan")
    with np.load(tmp_path / "run" / note["batch"], allow_pickle=False) as archive:
        batch = dict(archive)
    assert batch["batch.obs.image"].shape == (16, 2, 36, 36)
    assert batch["batch.obs.image"].dtype == np.uint8
    broken = np.isnan(batch["batch.reward"])
    assert broken.any()
    np.testing.assert_array_equal(np.isnan(batch["target"]), broken)
    assert np.isfinite(batch["q1"]).all()
    assert math.isnan(batch["critic_loss"])


def test_told_to_go_on_it_records_the_first_and_counts(tmp_path):
    updates = guarded(tmp_path / "run", LATE, "reward_nan_once", on_nan="continue")
    assert updates == 13
    note = noted(tmp_path / "run")
    assert note["tensor"] == "batch.reward"
    assert note["updates"] == 1497 + 13 - note["step"] + 1  # every later one: weights are NaN now
    assert len(list((tmp_path / "run").glob("not_finite-*.npz"))) == 1


CLIPPED = [*EARLY, *(f"agent.{module}_clip=1.0" for module in MODULES)]


@pytest.mark.parametrize("settings", [EARLY, CLIPPED], ids=["", "clipped"])
@pytest.mark.parametrize("factor", [math.inf, math.nan])
@pytest.mark.parametrize(
    "name", ["critic.second.0.weight", "critic_encoder.layers.7.weight", "actor.layers.4.bias"]
)
def test_a_gradient_is_named_though_the_losses_are_finite(tmp_path, name, factor, settings):
    module, weight = name.split(".", 1)

    def spoil(training):
        trained = getattr(training.agent, module).get_parameter(weight)
        trained.register_hook(lambda gradient: gradient * factor)

    with pytest.raises(NotFiniteError, match=rf"{name}\.grad is not finite"):
        guarded(tmp_path / "run", settings, spoil=spoil)
    assert noted(tmp_path / "run")["update"] == (2 if module == "actor" else 1)  # policy_delay


@pytest.mark.parametrize("settings", [EARLY, CLIPPED], ids=["", "clipped"])
@pytest.mark.parametrize("layer", ["critic.second.2", "critic_encoder.layers.4", "actor.layers.2"])
def test_of_gradients_that_hand_nan_on_the_first_on_the_way_back_is_named(
    tmp_path, layer, settings
):
    module, name = layer.split(".", 1)

    def spoiled(layer, inputs, output):
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient * math.nan)

    def spoil(training):
        getattr(training.agent, module).get_submodule(name).register_forward_hook(spoiled)

    with pytest.raises(NotFiniteError, match=rf"{layer}\.\w+\.grad is not finite .* nan"):
        guarded(tmp_path / "run", settings, spoil=spoil)


@pytest.mark.parametrize("on_nan", ["stop", "continue"])
@pytest.mark.parametrize("name", ["actor.layers.4.bias", "actor_target.layers.4.bias"])
def test_a_weight_that_leaves_all_the_rest_finite_is_named_at_the_next_look(tmp_path, name, on_nan):
    """tanh of an infinite bias is 1, its slope 0: actions, losses and gradients are finite."""

    def spoil(training):
        agent = training.agent
        networks = {"actor": agent.actor, "actor_target": agent.targets["actor"]}
        update = agent.update

        def spoiled(*args):
            if agent.critic_updates == 5:
                module, weight = name.split(".", 1)
                with torch.no_grad():
                    networks[module].get_parameter(weight)[1] = math.inf
            update(*args)

        agent.update = spoiled

    settings = [*EARLY, "agent.policy_delay=10", "probes.slow_every=4"]  # targets stand still
    if on_nan == "stop":
        with pytest.raises(NotFiniteError, match=rf"{name} is not finite \(1 of 2 entries, inf\)"):
            guarded(tmp_path / "run", settings, spoil=spoil)
    else:
        assert guarded(tmp_path / "run", settings, spoil=spoil, on_nan=on_nan) == 10
    note = noted(tmp_path / "run")
    assert (note["tensor"], note["update"], note["updates"]) == (name, 8, 1)
    assert judged_finite(load_run(tmp_path / "run")).message.startswith(f"{name} is not finite")
    with np.load(tmp_path / "run" / note["batch"], allow_pickle=False) as archive:
        assert all(np.isfinite(array).all() for array in archive.values())


def test_a_weight_too_large_to_be_squared_is_finite(tmp_path):
    def spoil(training):
        with torch.no_grad():
            training.agent.actor.layers[4].bias[1] = 1e30

    assert guarded(tmp_path / "run", EARLY, spoil=spoil) == 10
    assert noted(tmp_path / "run") is None


def test_a_finite_run_is_left_alone(tmp_path):
    assert guarded(tmp_path / "run", EARLY) == 10
    assert noted(tmp_path / "run") is None
    assert not list((tmp_path / "run").glob("*.npz"))


def test_a_disk_that_takes_no_batch_still_lets_the_name_out(tmp_path, monkeypatch):
    folder = tmp_path / "run"

    def full(path, **arrays):
        raise OSError(28, "No space left on device")

    write, tries = Notes.write, []

    def unwritten(notes):
        tries.append(notes)
        if len(tries) == 1:  # there is room again when the run ends
            raise UsageError("the disk is full")
        write(notes)

    monkeypatch.setattr(np, "savez_compressed", full)
    monkeypatch.setattr("rca.runs.notes.Notes.write", unwritten)
    with pytest.raises(NotFiniteError, match=r"batch\.reward .* could not be written"):
        guarded(folder, LATE, "reward_nan_once")
    assert noted(folder)["batch"] is None


COMMAND = """
import sys
from rca.cli import main
from rca.faults import find_fault
sys.modules[find_fault("reward_nan_once").apply.__module__].AT = 30
main()
"""
"""`rca`, with the one reward that is no number as early as a short run needs it."""


@pytest.mark.carla
@pytest.mark.parametrize(
    ("on_nan", "line"),
    [("stop", "batch.reward is not finite"), ("continue", "")],
)
def test_the_command_stops_with_its_own_exit_code_and_one_line_or_goes_on(tmp_path, on_nan, line):
    folder = tmp_path / "run"
    words = ["--config", "quick", "--plant", "reward_nan_once", "--out", str(folder), "--quiet"]
    settings = [*SETTINGS, "agent.learning_starts=25", "env.stuck_seconds=1"]
    words += ["--steps", "60", *(word for item in settings for word in ("--set", item))]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "run", *words, "--on-nan", on_nan],
        capture_output=True,
        text=True,
        timeout=120,
    )
    run = load_run(folder)
    assert (folder / noted(folder)["batch"]).is_file()
    found = judged_finite(run)
    assert found.verdict is Verdict.FAIL
    assert found.onset == noted(folder)["step"]
    assert found.message.startswith("batch.reward is not finite")
    assert found.suspects == ()  # the batch was odd before the critic saw it
    if on_nan == "continue":
        assert done.returncode == 0
        assert run.outcome.executed_steps == 60
        return
    assert done.returncode == 4
    assert line in done.stderr
    assert done.stderr.count("\n") == 1
    assert run.outcome.status == "crashed"
    assert "NotFiniteError" in run.outcome.error
