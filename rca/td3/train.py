"""The training loop: random phase, then one update a step."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rca.config import AgentConfig, OnNan, RunConfig
from rca.td3.agent import TD3
from rca.td3.allocator import keep_freed_memory
from rca.td3.episode import Episode, learned_reward
from rca.td3.events import Emit, EpisodeBegan, EpisodeEnded, Evaluated, Redriven, Stepped
from rca.td3.replay import Batch, Obs, Replay
from rca.td3.streams import Streams, episode_seed

Env = gym.Env[Any, NDArray[np.float32]]
Evaluate = Callable[[], tuple[EpisodeEnded, ...]]
Guide = Callable[[Obs], NDArray[np.float32]]
"""A scripted driver: from an observation to an action in [-1, 1]."""
GUIDED_STEPS = 10
"""Steps, half a second, after which is drawn anew who drives in a route-following random phase:
long enough to leave the lane's centre, short enough to come back to it."""


HELD_OUT = 1_000
"""Newest transitions of an evaluation that are kept to be judged by."""
COMPARED = 256
"""Transitions drawn of those that are learned from and of those that are not."""


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        step: Environment steps taken.
        episode: Episodes ended.
        stopped: Whether it was asked to stop before its budget was used up.
    """

    step: int = 0
    episode: int = 0
    stopped: bool = False


@dataclass
class Training:
    """A run's parts and the steps of its loop.

    Attributes:
        agent: Learns.
        replay: Remembers.
        env: Acted in.
        config: Budget, exploration and when learning starts.
        streams: Randomness.
        emit: Told what happens.
        progress: Where to start from; changed as the run goes on.
        guide: Drives part of a route-following random phase.
        held_out: Remembers evaluations, for judging alone.
        refill: Transitions to be stored before the next update, after a checkpoint without replay;
            0: nothing is waited for.
        under_way: Episode of a checkpoint, to be driven to where it was.
    """

    agent: TD3
    replay: Replay
    env: Env
    config: RunConfig
    streams: Streams
    emit: Emit
    progress: Progress = field(default_factory=Progress)
    guide: Guide | None = None
    held_out: Replay | None = None
    refill: int = 0
    under_way: Episode | None = None

    def compared(self, memory: Replay | None) -> Batch | None:
        """Returns a draw from a memory that leaves every generator of the run alone."""
        if memory is None or not len(memory):
            return None
        config = self.config.agent
        return memory.sample(COMPARED, np.random.default_rng(0), config.n_step, config.discount)

    def reset(self) -> tuple[Obs, Episode]:
        """Starts the next episode."""
        done = self.progress
        obs, _ = self.env.reset(seed=episode_seed(self.streams.routes, done.episode))
        self.replay.begin(obs)
        self.emit(EpisodeBegan(done.step, obs["image"], obs["vector"]))
        return obs, Episode(self.config.agent, done.episode, done.step)

    def begin(self) -> tuple[Obs, Episode] | None:
        """Drives the episode of a checkpoint to where it was, by the actions taken then.

        Returns:
            Its observation and the episode; None if the world does not repeat itself: the episode
            then begins anew.
        """
        episode, self.under_way = self.under_way, None
        if episode is None:
            return None
        obs, _ = self.env.reset(seed=episode_seed(self.streams.routes, episode.index))
        again: list[Redriven] = []
        for step, action in enumerate(episode.actions, episode.start_step + 1):
            obs, _, terminated, truncated, info = self.env.step(action)
            if info.get("end_reason") == "simulator_fault":
                self.under_way = episode  # says nothing of the world: once more
                return self.begin()
            if terminated or truncated:
                return None
            random = step <= self.config.agent.learning_starts
            frame = obs["image"][-1].copy()
            again.append(Redriven(step, "random" if random else "learning", action, frame))
        if any(not np.array_equal(obs[key], value) for key, value in episode.last.items()):
            return None
        for event in again:
            self.emit(event)
        if self.refill:
            self.replay.begin(obs)
        return obs, episode

    def step(self, obs: Obs, episode: Episode) -> tuple[Obs, EpisodeEnded | None]:
        """Takes an environment step, stores it and reports it."""
        self.progress.step += 1
        config = self.config.agent
        random = self.progress.step <= config.learning_starts
        noise = math.nan if random else noise_at(self.progress.step, config)
        action = self._random_action(obs, episode) if random else self._noisy_action(obs, noise)
        started = time.perf_counter()
        next_obs, reward, terminated, truncated, info = self.env.step(action)
        seconds = time.perf_counter() - started
        stored = info.get("end_reason") != "simulator_fault"  # says nothing about driving
        if stored:
            self.replay.add(action, learned_reward(float(reward), config), next_obs, terminated)
        episode.add(float(reward))
        episode.actions.append(action)
        episode.last = next_obs
        speed = float(info.get("speed", math.nan))
        self.emit(
            Stepped(
                step=self.progress.step,
                phase="random" if random else "learning",
                action=action,
                applied=np.asarray(info["applied"], np.float32) if "applied" in info else None,
                reward=float(reward),
                terminated=terminated,
                truncated=truncated,
                stored=stored,
                stack_moves=_stack_moves(obs, next_obs),
                age=episode.age(speed, changed=_shows(obs, next_obs)) if episode.waits else None,
                reward_terms=info.get("reward_terms", {}),
                speed=speed,
                traffic_speed=float(info.get("traffic_speed", math.nan)),
                noise=noise,
                seconds=seconds,
                replay_size=len(self.replay),
                image=next_obs["image"],
                vector=next_obs["vector"],
                max_brake=float(info.get("max_brake", math.nan)),
            )
        )
        return next_obs, episode.ended(info, truncated) if terminated or truncated else None

    def learn(self) -> None:
        """Does this step's updates, unless the random phase or a refill of the replay is on."""
        config = self.config.agent
        if self.progress.step <= config.learning_starts or len(self.replay) < max(1, self.refill):
            return
        self.refill = 0
        for _ in range(config.updates_per_step):
            batch = self.replay.sample(
                config.batch_size, self.streams.replay, config.n_step, config.discount
            )
            self.agent.update(batch, self.emit, self.progress.step)

    def _random_action(self, obs: Obs, episode: Episode) -> NDArray[np.float32]:
        if self.guide and episode.length % GUIDED_STEPS == 0:
            share = self.config.agent.guided_share
            episode.guided = bool(self.streams.exploration.random() < share)
        if self.guide and episode.guided:
            return self.guide(obs)
        low = np.full(self.agent.shapes.action, -1.0)
        low[-1] = self.config.agent.random_pedal_min
        return self.streams.exploration.uniform(low, 1.0).astype(np.float32)

    def _noisy_action(self, obs: Obs, noise: float) -> NDArray[np.float32]:
        return drivable(
            self.agent.act(obs, noise, self.streams.exploration), self.config.budget.on_nan
        )


def _stack_moves(obs: Obs, next_obs: Obs) -> bool | None:
    before, after = obs["image"], next_obs["image"]
    return None if len(before) < 2 else bool(np.array_equal(before[1:], after[:-1]))


def _shows(obs: Obs, next_obs: Obs) -> bool:
    """Tells whether the numbers of an observation changed, the picture where there are none.

    A start from rest shows in a measured speed at once, in a picture some steps later.
    """
    part = "vector" if obs["vector"].size else "image"
    return not np.array_equal(obs[part], next_obs[part])


def noise_at(step: int, config: AgentConfig) -> float:
    """Returns the standard deviation of the exploration noise at a step of the learning phase."""
    first, last = config.exploration_noise, config.exploration_noise_final
    if last is None:
        return first
    share = min(1.0, (step - config.learning_starts - 1) / config.exploration_noise_steps)
    return first + share * (last - first)


def drivable(action: NDArray[np.float32], on_nan: OnNan) -> NDArray[np.float32]:
    """Returns an action that can be carried out, if the run is to go on whatever its policy says.

    With "continue" NaN becomes 0 and infinities the ends of the range; with "stop" the action is as
    it was, and the environment refuses it.
    """
    if on_nan == "stop":
        return action
    return np.nan_to_num(action, nan=0.0, posinf=1.0, neginf=-1.0)


def train(
    run: Training,
    *,
    begun: tuple[Obs, Episode] | None = None,
    evaluate: Evaluate | None = None,
    stops: Callable[[Episode | None], bool] = lambda episode: False,
) -> Progress:
    """Trains until the budget is used up or a stop is asked for.

    An episode that the budget cuts off is not reported as ended. Evaluations take place every
    `budget.eval_every` steps from `budget.eval_from` on, and after the last one.

    Args:
        run: The parts; `run.progress` says where to start.
        begun: What `run.begin` returned, where it was asked before.
        evaluate: Returns the episodes of an evaluation, see `rca.td3.evaluation`.
        stops: Asked before each step, with the episode under way, None between two, whether to stop
            there: the moment for `rca.td3.checkpoint.save`.

    Returns:
        How far the run came.
    """
    keep_freed_memory()
    progress, budget = run.progress, run.config.budget
    obs, episode = begun or run.begin() or ({}, None)
    while progress.step < budget.steps:
        if stops(episode):
            break
        if episode is None:
            obs, episode = run.reset()
        obs, ended = run.step(obs, episode)
        run.learn()
        if ended:
            run.emit(ended)
            progress.episode += 1
            episode = None
        if evaluate and budget.eval_every and _evaluation_due(progress.step, run.config):
            run.emit(_evaluated(run, evaluate()))
    progress.stopped = progress.step < budget.steps
    return progress


def _evaluated(run: Training, episodes: tuple[EpisodeEnded, ...]) -> Evaluated:
    held_out, trained = (run.compared(memory) for memory in (run.held_out, run.replay))
    updates = run.agent.critic_updates
    return Evaluated(run.progress.step, updates, episodes, held_out, trained)


def _evaluation_due(step: int, config: RunConfig) -> bool:
    budget = config.budget
    is_turn = step >= budget.eval_from and step % budget.eval_every == 0
    return is_turn or step == budget.steps
