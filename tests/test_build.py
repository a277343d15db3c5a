"""Build: parts can be replaced, and a Change is a function from Build to Build."""

from dataclasses import replace

import pytest

from rca.build import Change, default_build
from rca.config import AgentConfig, RunConfig
from rca.errors import UsageError
from rca.td3.train import train
from tests.tiny_env import Pointing

SMALL = RunConfig(agent=AgentConfig(buffer_size=100, learning_starts=5, batch_size=4)).model_copy(
    update={"budget": RunConfig().budget.model_copy(update={"steps": 8})}
)


def test_a_run_uses_every_part_of_the_build():
    build = default_build(SMALL)
    made = []

    def remember(part, make):
        def making(*args):
            made.append(part)
            return make(*args)

        return making

    changed = replace(
        build,
        make_agent=remember("agent", build.make_agent),
        make_replay=remember("replay", build.make_replay),
    )
    training = changed.training(Pointing(), lambda event: None)
    assert made == ["agent", "replay"]
    assert training.config is SMALL
    assert train(training).step == 8
    assert training.agent.critic_updates == 3


def test_a_change_plants_something_and_leaves_the_original_alone():
    def freeze(build):
        agent = build.config.agent.model_copy(update={"actor_lr": 1e-9})
        return replace(build, config=build.config.model_copy(update={"agent": agent}))

    build = default_build(SMALL)
    changed = Change("frozen_actor", "The actor stands still", freeze).apply(build)
    agent = changed.training(Pointing(), lambda event: None).agent
    rates = {group["name"]: group["lr"] for group in agent.actor_optimizer.param_groups}
    assert rates["actor"] == 1e-9
    assert build.config.agent.actor_lr == SMALL.agent.actor_lr


def test_an_environment_that_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="at least 36"):
        default_build(SMALL).training(Pointing(size=20), lambda event: None)
