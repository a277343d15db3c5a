"""The wiring audit: everything seen of how an agent's parts hang together, as plain facts.

Facts are judged by checks (`checks/wiring_*.py`), like everything else that a run recorded.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rca.errors import EvidenceError
from rca.wiring.backwards import Backwards
from rca.wiring.batches import Batches
from rca.wiring.call import Call
from rca.wiring.calls import Calls
from rca.wiring.checkpoint import compare
from rca.wiring.facts import CheckpointFacts, LossFacts, Wiring
from rca.wiring.feeding import Feeding
from rca.wiring.joined import joined
from rca.wiring.listening import LOG, Listening
from rca.wiring.modules import Agent
from rca.wiring.parameters import Parameters
from rca.wiring.steps import Steps
from rca.wiring.targets import Targets
from rca.wiring.trained import trained_by, updated

FIRST = 50
"""Updates at the beginning that the audit listens to."""
AGAIN = 2000
"""Updates between two later looks."""
BURST = 4
"""Updates of a later look: a delayed actor is updated in one of them."""

OnStep = Callable[[str, torch.optim.Optimizer, list[Call]], None]
OnUpdate = Callable[[bool], None]


class Audit:
    """Watches the wiring in its first updates and in short looks later; hooks find the updates.

    Between looks only the optimizers have hooks.

    Attributes:
        calls: Forward passes.
        backwards: Backward passes.
        batches: The critic's batches, and the executed steps that the trainer tells of.
        counts: Updates of "critic" and "actor" so far.
        looked: Critic updates that were listened to.
    """

    def __init__(
        self,
        agent: Agent,
        optimizers: Mapping[str, torch.optim.Optimizer],
        *,
        on_step: OnStep = lambda part, optimizer, calls: None,
        on_update: OnUpdate = lambda looked: None,
    ) -> None:
        """Installs the hooks.

        Args:
            agent: Its parts.
            optimizers: By name; one of them holds the critic.
            on_step: Told before an optimizer's step which part it trains ("critic", "actor" or
                ""), the optimizer, and the calls behind its gradients while listening.
            on_update: Told after a critic update whether a look has just ended.

        Raises:
            UsageError: No optimizer holds a parameter of the critic.
        """
        self.listening = Listening()
        self.calls = Calls(agent, self.listening)
        self.backwards = Backwards(agent, self._name_loss, self.listening)
        self.batches = Batches()
        self.counts = {"critic": 0, "actor": 0}
        self.looked = 0
        self._agent = agent
        self._optimizers = optimizers
        self._on_step, self._on_update = on_step, on_update
        self._steps: Counter[str] = Counter()
        self._moves = {name: Steps() for name in optimizers}
        self._targets = Targets(agent)
        self._feeding = Feeding()
        self._parameters = Parameters(agent, optimizers)
        self._is_partial = False
        self._checkpoint: CheckpointFacts | None = None
        self._unseen: dict[str, str] = {}
        self._parts = trained_by(optimizers, agent)
        self._handles: list[Any] = []
        for name, optimizer in optimizers.items():
            self._handles.append(optimizer.register_step_pre_hook(self._before(name)))
            self._handles.append(optimizer.register_step_post_hook(self._after(name)))
        self.listening.safely(self._listen, True)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Hears nothing meanwhile: probes and evaluations use the networks for their own ends."""
        before, self.listening.on = self.listening.on, False
        try:
            yield
        finally:
            self.listening.on = before and not self.listening.error

    def _before(self, name: str) -> Callable[..., None]:
        @self.listening.guarded
        def digest(calls: list[Call], is_critic: bool) -> None:
            self._parameters.stepped(name)
            calls += self._digested(is_critic=is_critic)
            self._moves[name].before(self._optimizers[name], calls if is_critic else ())

        def hook(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
            self._steps[name] += 1
            parts: list[str] = []
            self.listening.safely(self._count, name, parts)
            calls: list[Call] = []
            digest(calls, "critic" in parts)
            self._on_step(parts[0] if parts else "", optimizer, calls)

        return hook

    def _after(self, name: str) -> Callable[..., None]:
        is_critic = "critic" in self._parts.get(name, ())
        compare = self.listening.guarded(self._moves[name].after)

        def hook(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
            compare()
            if is_critic:
                done, before = self.counts["critic"], self.listening.on
                is_early = done < FIRST or 0 < self.counts["actor"] < FIRST // 2
                self.batches.is_early = is_early
                self.listening.safely(self._listen, is_early or done % AGAIN < BURST)
                self._on_update(before and not self.listening.on)

        return hook

    def _count(self, name: str, parts: list[str]) -> None:
        """Counts an optimizer's step as an update of what it trains, and adds that to parts."""
        parts += updated(self._parts.get(name, ()), self._optimizers[name], self._agent)
        for part in parts:
            self.counts[part] += 1

    def _listen(self, on: bool) -> None:
        on = on and not self.listening.error
        if on and not self.listening.on:
            self._is_partial |= self.counts["critic"] > 0
            self.calls.attach()
            self.backwards.attach()
        self.listening.on = on
        if not on:
            self.calls.detach()
            self.backwards.detach()
            self._targets.forget()

    def _digested(self, *, is_critic: bool) -> list[Call]:
        """Notes what happened before an optimizer's step."""
        pictures = [*self.calls.pictures.batches]
        self.calls.pictures.batches.clear()
        self.backwards.settle()
        if is_critic:
            self.looked += 1
            self._targets.look()
            self._parameters.look()
            self.batches.pictures(pictures)
        calls = joined(self.calls.taken())
        if self._is_partial:  # the features of the actor's loss may be older than this look
            calls = [call for call in calls if call.loss != "actor"]
            self._is_partial = not is_critic
        for call in calls:
            self._feeding.note(call)
        self.batches.learned(calls, pictures)
        return calls

    def step(
        self,
        action: NDArray[np.float32],
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        env: int = 0,
        observed: NDArray[np.float32] | None = None,
    ) -> None:
        """Takes note of an executed step.

        Args:
            action: As executed.
            reward: As the agent should learn from it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            env: Number of the environment where several run side by side.
            observed: Numbers that were observed before it, if they are known to stand last in the
                actor's input.
        """
        calls = self.calls.acting()
        self.batches.executed(
            action,
            reward,
            terminated=terminated,
            truncated=truncated,
            env=env,
            observed=observed,
            picture=self._acted(),
            policy=self._decision(calls),
            asked=None if self.listening.error or env else bool(calls),
        )

    def _decision(self, calls: list[Call]) -> Call | None:
        """Returns the policy's call that chose the executed action, None if it cannot be told.

        Calls that differ were made for something else as well, such as an evaluation: then the
        action may be of any of them, or a random one.
        """
        for call in calls:
            self._feeding.note(call, acting=True)
        chosen = [call.outputs[0] for call in calls if call.outputs]
        if not chosen or len(chosen) < len(calls):
            return None
        same = all(torch.equal(one, chosen[-1]) for one in chosen)
        return calls[-1] if same else None

    def _acted(self) -> torch.Tensor | None:
        """Returns the picture of the last acting pass, and forgets it."""
        seen = dict(self.calls.pictures.acted)
        self.calls.pictures.acted.clear()
        return seen.get("actor_encoder", next(iter(seen.values()), None))

    def checkpoint(self, content: Path | str | Mapping[str, object]) -> None:
        """Compares a checkpoint with the weights as they are now.

        Of a file that cannot be read without unpickling foreign objects the facts say so.
        """
        try:
            self._checkpoint = compare(content, self._agent)
        except EvidenceError as error:
            if not self._unseen:  # once: there may be one in each epoch
                LOG.warning("rca: %s", error)
            self._unseen["checkpoint"] = str(error)

    def facts(self) -> Wiring:
        """Returns everything seen so far."""
        return Wiring(
            updates=self.looked,
            modules=self._parameters.modules(self.backwards.reached),
            optimizers={
                name: self._parameters.optimizer(name, self._steps[name], self._moves[name])
                for name in self._optimizers
            },
            losses={
                loss: LossFacts(passes=count, reaches=self.backwards.by_role[loss])
                for loss, count in self.backwards.passes.items()
            },
            features=self._feeding.facts(),
            targets={
                item.target: item.facts(self.calls.heard[item.target.split("[")[0]])
                for item in self._targets.following
            },
            actions=self.batches.action_facts(),
            equation=self.batches.equation.facts(),
            inputs=self.batches.input_facts(self.calls.pictures.pixels),
            smoothing=self.batches.smoothing_facts(),
            exploration=self.batches.exploration_facts(),
            checkpoint=self._checkpoint,
            frames=self.batches.frames.facts(),
            loss=self.batches.loss.facts(),
            unseen={} if self._checkpoint else self._unseen,
            error=self.listening.error,
        )

    def detach(self) -> None:
        """Removes all hooks."""
        self._listen(False)
        for handle in self._handles:
            handle.remove()

    def _name_loss(self, roles: set[str]) -> str:
        """Names a loss after the calls that received gradients in this backward pass."""
        fresh = [
            call
            for call in self.calls.seen
            if call.role == "critic" and call.gradients and not call.named
        ]
        for call in fresh:
            call.named = True
        kinds = {call.loss for call in fresh}
        if len(kinds) > 1:
            return "both"
        if kinds:
            return kinds.pop()
        return next((name for name in ("actor", "critic") if name in roles), "other")
