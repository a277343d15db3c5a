"""Networks elsewhere than on the CPU: torch's `meta` device refuses to be mixed with it."""

import pytest
import torch

from rca.build import chosen_device
from rca.config import AgentConfig
from rca.errors import UsageError
from rca.td3.agent import TD3
from rca.td3.events import Event, Updated
from rca.td3.networks import Shapes
from rca.td3.replay import Batch, Observations

SHAPES = Shapes((2, 36, 36), 3, 2)
ELSEWHERE = torch.device("meta")


def batch(rows):
    def observations():
        image = torch.zeros(rows, *SHAPES.image, dtype=torch.uint8)
        return Observations(image, torch.zeros(rows, SHAPES.vector))

    column = torch.zeros(rows)
    return Batch(observations(), torch.zeros(rows, 2), column, observations(), column, column + 1)


@pytest.mark.parametrize("sharing", ["separate", "detached", "shared"])
def test_an_update_takes_its_batch_to_where_the_networks_are(sharing):
    config = AgentConfig(encoder="small", features=16, random_shift=2, encoder_sharing=sharing)
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    agent = TD3(config, SHAPES, init=generators[0], smoothing=generators[1])
    agent.to(ELSEWHERE)
    for name in ("actor_optimizer", "critic_optimizer"):  # fused Adam knows no such device
        groups = getattr(agent, name).param_groups
        parts = [{"params": group["params"], "name": group["name"]} for group in groups]
        setattr(agent, name, torch.optim.SGD(parts, lr=0.1))
    seen: list[Event] = []
    for _ in range(2):
        agent.update(batch(8), seen.append, 1)
    updated = seen[-1]
    assert isinstance(updated, Updated)
    assert updated.actor_loss is not None
    for tensor in (updated.q1, updated.target, updated.batch.obs.image, updated.actor_loss):
        assert tensor.device == ELSEWHERE
    assert agent.smoothing.device.type == "cpu"


def test_a_batch_that_is_there_already_is_not_copied():
    there = batch(4)
    assert there.to(torch.device("cpu")) is there


def test_a_gpu_is_taken_where_there_is_one_and_missed_where_there_is_none():
    assert chosen_device("cpu").type == "cpu"
    if torch.cuda.is_available():
        assert chosen_device("auto") == chosen_device("cuda") == torch.device("cuda")
    else:
        assert chosen_device("auto").type == "cpu"
        with pytest.raises(UsageError, match="torch sees no GPU"):
            chosen_device("cuda")
