"""The wiring audit: everything seen of how an agent's parts hang together, as plain facts.

Facts are judged by checks (`checks/wiring_*.py`), like everything else that a run recorded.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rca.errors import EvidenceError, UsageError
from rca.wiring.actions import Actions, Lookup
from rca.wiring.backwards import Backwards
from rca.wiring.calls import Call, Calls
from rca.wiring.equation import MIN_ROWS, Equation, Rows
from rca.wiring.facts import (
    ActionFacts,
    CheckpointFacts,
    ExplorationFacts,
    Fed,
    InputFacts,
    LossFacts,
    ModuleFacts,
    Names,
    OptimizerFacts,
    SmoothingFacts,
    Wiring,
)
from rca.wiring.frames import Frames
from rca.wiring.modules import TARGET, Agent, Role, parameters
from rca.wiring.targets import Targets
from rca.wiring.visits import Visits

FIRST = 50
"""Updates at the beginning that the audit listens to."""
AGAIN = 500
"""Updates between two later looks."""
BURST = 4
"""Updates of a later look: a delayed actor is updated in one of them."""
NAMES = 8
"""Parameters that a fact names; more are counted."""
INSIDE = 0.9
"""Size of actions up to which clipping to [-1, 1] takes little off the smoothing noise."""
MODE_LAYERS = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
"""Layers that compute something else in eval mode."""


OnStep = Callable[[str, torch.optim.Optimizer, list[Call]], None]
OnUpdate = Callable[[bool], None]


class Audit:
    """Watches the wiring in its first updates and in short looks later; hooks find the updates.

    Attributes:
        calls: Forward passes.
        backwards: Backward passes.
        actions: Executed steps, to be told by the trainer.
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
        self.calls = Calls(agent)
        self.backwards = Backwards(agent, self._name_loss)
        self.actions = Actions()
        self.counts = {"critic": 0, "actor": 0}
        self.looked = 0
        self._agent = agent
        self._optimizers = optimizers
        self._on_step, self._on_update = on_step, on_update
        self._steps: Counter[str] = Counter()
        self._targets = Targets(agent)
        self._equation = Equation()
        self._frames = Frames()
        self._visits = Visits()
        self._features: dict[str, dict[str, Counter[str]]] = {}
        self._situations: dict[str, Counter[str]] = {}
        self._modes: dict[str, Counter[str]] = {}
        self._start = {name: _digests(role) for name, role in agent.roles.items()}
        self._named: set[int] = set()
        self._repeated: list[float] = []
        self._reaches: list[float] = []
        self._same_next: list[float] = []
        self._noise: list[tuple[float, float]] = []
        self._vector: float | None = None
        self._explored: list[float] = []
        self._is_partial = False
        self._error = ""
        self._checkpoint: CheckpointFacts | None = None
        self._parts = trained_by(optimizers, agent)
        self._handles: list[Any] = []
        for name, optimizer in optimizers.items():
            self._handles.append(optimizer.register_step_pre_hook(self._before(name)))
            self._handles.append(optimizer.register_step_post_hook(self._after(name)))
        self._listen(True)

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Hears nothing meanwhile: probes and evaluations use the networks for their own ends."""
        before = self.calls.listening
        self.calls.listening = self.backwards.listening = False
        try:
            yield
        finally:
            self.calls.listening = self.backwards.listening = before

    def _before(self, name: str) -> Callable[..., None]:
        part = self._parts.get(name, "")

        def hook(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
            self._steps[name] += 1
            if part:
                self.counts[part] += 1
            calls = self._safely_digested(part) if self.calls.listening else []
            self._on_step(part, optimizer, calls)

        return hook

    def _after(self, name: str) -> Callable[..., None]:
        is_critic = self._parts.get(name) == "critic"

        def hook(optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
            if is_critic:
                done, before = self.counts["critic"], self.calls.listening
                first_actor = 0 < self.counts["actor"] < FIRST // 2
                due = done < FIRST or first_actor or done % AGAIN < BURST
                self._listen(due and not self._error)
                self._on_update(before and not self.calls.listening)

        return hook

    def _listen(self, on: bool) -> None:
        self._is_partial |= on and not self.calls.listening and self.counts["critic"] > 0
        self.calls.listening = self.backwards.listening = on
        if not on:
            self._targets.forget()
            self.calls.seen.clear()
            self.calls.pictures.clear()
            self._named.clear()

    def _safely_digested(self, part: str) -> list[Call]:
        """Digests; an audit that breaks falls silent and lets the training go on."""
        try:
            return self._digested(is_critic=part == "critic")
        except Exception as error:  # noqa: BLE001  whatever it is, it must not cost the user his run
            self._error = f"{type(error).__name__}: {error}"
            self._listen(False)
            return []

    def _digested(self, *, is_critic: bool) -> list[Call]:
        """Notes what happened before an optimizer's step."""
        pictures = [p for name, p in self.calls.pictures if not name.startswith("actor")]
        self.calls.pictures.clear()
        if is_critic:
            self.looked += 1
            self._targets.look()
            self._note_modes()
            self._note_pictures(pictures)
        calls = self.calls.taken()
        self._named -= {id(call) for call in calls}
        if self._is_partial:  # the features of the actor's loss may be older than this look
            calls = [call for call in calls if call.loss != "actor"]
            self._is_partial = not is_critic
        for call in calls:
            self._note_features(call)
            if call.role == "critic" and call.loss == "critic":
                self._note_batch(call, calls, pictures)
        return calls

    def step(
        self,
        action: NDArray[np.float32],
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        env: int = 0,
    ) -> None:
        """Takes note of an executed step.

        Args:
            action: As executed.
            reward: As the agent should learn from it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            env: Number of the environment where several run side by side.
        """
        self._frames.see(self.actions.told, self._acted(), ended=terminated or truncated)
        self.actions.add(action, reward, terminated=terminated, truncated=truncated, env=env)
        policy = next((c for c in reversed(self.calls.seen) if c.role == "actor"), None)
        if policy is None or policy.with_grad or not policy.outputs:
            return
        meant = policy.outputs[0].detach().float().cpu().numpy()
        if meant.shape == (1, action.size):
            self._explored += inwards(action, meant[0])

    def _acted(self) -> torch.Tensor | None:
        """Returns the picture of the last acting pass, and forgets it."""
        seen = dict(self.calls.acted)
        self.calls.acted.clear()
        return seen.get("actor_encoder", next(iter(seen.values()), None))

    def checkpoint(self, content: Path | str | Mapping[str, object]) -> None:
        """Compares a checkpoint with the weights as they are now.

        Raises:
            EvidenceError: The file cannot be read without unpickling foreign objects.
        """
        name = "given mapping"
        if not isinstance(content, Mapping):
            name, content = Path(content).name, _loaded(Path(content))
        stored = {_digest(tensor) for tensor in _nested_tensors(content)}
        absent = {
            role.name: missing
            for role in self._agent.roles.values()
            if (missing := sum(digest not in stored for digest in _digests(role).values()))
        }
        self._checkpoint = CheckpointFacts(
            name=name, absent=absent, optimizer_states=_optimizer_states(content)
        )

    def facts(self) -> Wiring:
        """Returns everything seen so far."""
        return Wiring(
            updates=self.looked,
            modules={name: self._module(role) for name, role in self._agent.roles.items()},
            optimizers={name: self._optimizer(name) for name in self._optimizers},
            losses={
                loss: LossFacts(passes=count, reaches=self.backwards.by_role[loss])
                for loss, count in self.backwards.passes.items()
            },
            features={
                role: {
                    situation: Fed(calls=calls, encoders=self._features[role][situation])
                    for situation, calls in situations.items()
                }
                for role, situations in self._situations.items()
            },
            targets={item.target: item.facts() for item in self._targets.following},
            actions=ActionFacts(
                told=bool(self.actions.size),
                rows=self.actions.rows,
                executed=self.actions.known,
                repeated=_median(self._repeated),
                reach=_median(self._reaches),
                visits=self._visits.seen,
                varied=self._visits.varied,
                added=self._visits.deviation,
            ),
            equation=self._equation.facts(),
            inputs=InputFacts(
                pixels=self.calls.pixels,
                vector=self._vector,
                same_next=_median(self._same_next),
            ),
            smoothing=SmoothingFacts(
                calls=len(self._noise),
                deviation=_median([deviation for deviation, _ in self._noise]),
                largest=max((largest for _, largest in self._noise), default=None),
            ),
            exploration=ExplorationFacts(
                numbers=len(self._explored),
                deviation=float(np.sqrt(np.mean(np.square(self._explored))))
                if self._explored
                else None,
            ),
            checkpoint=self._checkpoint,
            frames=self._frames.facts(),
            error=self._error,
        )

    def detach(self) -> None:
        """Removes all hooks."""
        self._listen(False)
        for handle in [*self._handles, *self.calls.handles, *self.backwards.handles]:
            handle.remove()

    def _name_loss(self, roles: set[str]) -> str:
        """Names a loss after the calls that received gradients in this backward pass."""
        fresh = [
            call
            for call in self.calls.seen
            if call.role == "critic" and call.gradients and id(call) not in self._named
        ]
        self._named |= {id(call) for call in fresh}
        kinds = {call.loss for call in fresh}
        if len(kinds) > 1:
            return "both"
        if kinds:
            return kinds.pop()
        return next((name for name in ("actor", "critic") if name in roles), "other")

    def _note_features(self, call: Call) -> None:
        if call.role == "critic":
            situation = f"{call.loss} loss" if call.with_grad else "without gradients"
        elif call.role == "actor":
            situation = "learning" if call.with_grad else "acting"
        else:
            situation = "target"
        counts = self._features.setdefault(call.role, {}).setdefault(situation, Counter())
        counts.update(call.features)
        self._situations.setdefault(call.role, Counter())[situation] += 1

    def _note_modes(self) -> None:
        for name, role in self._agent.roles.items():
            if not name.endswith(TARGET):
                resting = any(not m.training for m in self._agent.layers(role))
                self._modes.setdefault(name, Counter())["eval" if resting else "train"] += 1

    def _note_batch(self, call: Call, calls: list[Call], pictures: list[torch.Tensor]) -> None:
        """Holds a batch of the critic's loss against the executed steps."""
        found = self.actions.look_up(call)
        if found is None or not found.recognised:
            self._visits.see(call, pictures, self.actions.size)
            return
        self._note_sampling(found)
        self._frames.learn(found.steps, pictures)
        self._note_vector(call, found)
        target = next((c for c in reversed(calls) if c.role == f"critic{TARGET}"), None)
        if target is None:
            return
        self._note_smoothing(target, found, calls)
        sizes = {len(values) for values in (*target.outputs, *call.outputs)}
        known = [number for number, step in enumerate(found.steps) if step is not None]
        if not target.outputs or sizes != {len(found.steps)}:
            return
        for number, gradient in call.gradients.items():
            self._equation.add(
                Rows(
                    q=_numbers(call.outputs[number])[known],
                    gradient=_numbers(gradient)[known],
                    targets=np.stack([_numbers(values)[known] for values in target.outputs]),
                    steps=[step for step in found.steps if step is not None],
                )
            )

    def _note_sampling(self, found: Lookup) -> None:
        """Notes how far a batch reaches back, and how often it repeats a transition."""
        places = np.array([step.index for step in found.steps if step is not None])
        if len(places) >= MIN_ROWS:
            self._repeated.append(1 - len(np.unique(places)) / len(places))
            self._reaches.append(float(np.ptp(places)) / self.actions.told)

    def _note_vector(self, call: Call, found: Lookup) -> None:
        """Notes the largest number in the critic's input beside features and action."""
        free = np.ones(call.inputs[found.layer].shape[1], bool)
        for first, behind in (*call.found[found.layer], found.columns):
            free[first:behind] = False
        if free.any() and call.found[found.layer]:
            rest = call.inputs[found.layer][:, torch.from_numpy(free)]
            self._vector = max(self._vector or 0.0, float(rest.abs().max()))

    def _note_smoothing(self, target: Call, found: Lookup, calls: list[Call]) -> None:
        """Notes what was added to the target policy's action before the target critic saw it."""
        policy = next(
            (c for c in reversed(calls) if c.role == f"actor{TARGET}" and c.outputs), None
        )
        if policy is None or found.layer >= len(target.inputs):
            return
        seen = target.inputs[found.layer][:, slice(*found.columns)]
        meant = policy.outputs[0]
        if seen.shape == meant.shape:
            noise = (seen - meant).float()
            inside = noise[meant.abs() < INSIDE]
            self._noise.append((_deviation(inside), float(noise.abs().max())))

    def _note_pictures(self, pictures: list[torch.Tensor]) -> None:
        """Notes whether the next picture of a batch is the picture itself."""
        if len(pictures) >= 2 and pictures[0].shape == pictures[-1].shape:
            same = (pictures[0] == pictures[-1]).flatten(1).all(1)
            self._same_next.append(float(same.float().mean()))

    def _module(self, role: Role) -> ModuleFacts:
        now = _digests(role)
        held: dict[int, list[str]] = {}
        for name, optimizer in self._optimizers.items():
            for parameter in parameters(optimizer):
                held.setdefault(id(parameter), []).append(name)
        items = role.parameters.items()
        layers = [m for m in self._agent.layers(role) if isinstance(m, MODE_LAYERS)]
        reached = self.backwards.reached
        return ModuleFacts(
            kind=role.kind,
            parameters=len(now),
            numbers=sum(parameter.numel() for parameter in role.parameters.values()),
            frozen=_short([n for n, p in items if not p.requires_grad]),
            in_no_optimizer=_short([n for n, p in items if id(p) not in held]),
            in_several=_short([n for n, p in items if len(held.get(id(p), [])) > 1]),
            held_by=tuple(sorted({name for _, p in items for name in held.get(id(p), [])})),
            not_reached=_short([n for n, p in items if id(p) not in reached]),
            not_changed=_short([n for n in now if now[n] == self._start[role.name][n]]),
            mode_layers=tuple(sorted({type(layer).__name__ for layer in layers})),
            modes=self._modes.get(role.name, {}),
        )

    def _optimizer(self, name: str) -> OptimizerFacts:
        optimizer = self._optimizers[name]
        held = Counter(self._agent.owner.get(id(p), "others") for p in parameters(optimizer))
        rates = {
            self._agent.owner.get(id(p), "others"): float(group["lr"])
            for group in optimizer.param_groups
            for p in group["params"]
        }
        return OptimizerFacts(
            kind=type(optimizer).__name__, steps=self._steps[name], holds=held, rates=rates
        )


def trained_by(optimizers: Mapping[str, torch.optim.Optimizer], agent: Agent) -> dict[str, str]:
    """Returns which optimizer's step ends an update of the critic, and which one of the actor.

    Raises:
        UsageError: None holds a parameter of the critic.
    """
    found: dict[str, str] = {}
    for part in ("critic", "actor"):
        for name, optimizer in optimizers.items():
            holds = any(agent.owner.get(id(p)) == part for p in parameters(optimizer))
            if holds and part not in found.values() and name not in found:
                found[name] = part
    if "critic" not in found.values():
        raise UsageError(
            f"none of the optimizers ({', '.join(optimizers) or 'none given'}) holds a parameter "
            "of the critic; give the optimizer that steps it"
        )
    return found


def _median(values: list[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.median(finite)) if finite else None


def inwards(action: NDArray[np.float32], meant: NDArray[np.float32]) -> list[float]:
    """Returns what was added to the policy's action away from the nearer end of its range.

    The other half of the noise is clipped where the policy acts near that end, this one never.
    """
    added = action - meant
    kept = (np.sign(meant) * added <= 0) & (np.abs(action) < 1)
    return [float(x) for x in added[kept]]


def _deviation(noise: torch.Tensor) -> float:
    return float(noise.std()) if noise.numel() > 1 else math.nan


def _short(names: list[str]) -> Names:
    return Names(count=len(names), names=tuple(names[:NAMES]))


def _numbers(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    values: np.ndarray[Any, np.dtype[np.float64]] = tensor.double().cpu().numpy()
    return values


def _digests(role: Role) -> dict[str, bytes]:
    return {name: _digest(parameter) for name, parameter in role.parameters.items()}


def _digest(tensor: torch.Tensor) -> bytes:
    plain = tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
    return hashlib.blake2b(plain.tobytes(), digest_size=16).digest()


def _nested_tensors(value: object, depth: int = 0) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.numel():
            yield value
    elif depth < 8 and isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _nested_tensors(item, depth + 1)


def _optimizer_states(value: object, depth: int = 0) -> int:
    """Returns how many state dicts of optimizers are in a checkpoint."""
    if depth >= 8 or not isinstance(value, Mapping | list | tuple):
        return 0
    if isinstance(value, Mapping):
        if "param_groups" in value and "state" in value:
            return 1
        value = list(value.values())
    return sum(_optimizer_states(item, depth + 1) for item in value)


def _loaded(path: Path) -> Mapping[str, object]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EvidenceError(
            f"{path}: not readable as a checkpoint of weights: {reason}; "
            "hand over the mapping itself"
        ) from error
    return content if isinstance(content, Mapping) else {"content": content}
