"""What the critic's batches show once their rows are found among the executed steps."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.actions import Actions, Lookup
from rca.wiring.call import Call
from rca.wiring.equation import MIN_ROWS, Equation, Rows
from rca.wiring.facts import ActionFacts, ExplorationFacts, InputFacts, SmoothingFacts
from rca.wiring.frames import Frames
from rca.wiring.loss import Loss
from rca.wiring.modules import TARGET
from rca.wiring.visits import Visits

MIN_NUMBERS = 50
"""Numbers of exploration noise that are looked for beyond the first updates, as actions of few
dimensions give few: what `wiring.exploration` needs."""
INSIDE = 0.9
"""Share of the range of actions, [-1, 1] or as far as they reach beyond, up to which clipping takes
little off the smoothing noise."""


class Batches:
    """Holds batches of the critic's loss against the executed steps.

    Attributes:
        actions: Executed steps, to be told by the trainer.
        equation: What the critic learns from.
        frames: Pictures, acted on and learned from.
        loss: How twin critics are pulled to their target.
        is_early: Whether these are the first updates of the critic or the actor. In them alone is
            measured what changes as the memory fills or a schedule goes on.
    """

    def __init__(self) -> None:
        self.actions = Actions()
        self.equation = Equation()
        self.frames = Frames()
        self.loss = Loss()
        self.is_early = True
        self._visits = Visits()
        self._own = self._acted_on = self._acted_otherwise = self._steps = self._unasked = 0
        self._repeated: list[float] = []
        self._evenly: list[float] = []
        self._reaches: list[float] = []
        self._same_next: list[float] = []
        self._noise: list[tuple[float, float]] = []
        self._vector: float | None = None
        self._explored: list[float] = []
        self._has_learned = False

    def executed(
        self,
        action: NDArray[np.float32],
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        env: int,
        observed: NDArray[np.float32] | None,
        picture: torch.Tensor | None,
        policy: Call | None,
        asked: bool | None,
    ) -> None:
        """Takes note of an executed step.

        Args:
            action: As executed.
            reward: As the agent should learn from it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            env: Number of the environment where several run side by side.
            observed: Numbers that were observed before it, at the end of the actor's input.
            picture: What entered the acting encoder last, if anything did since the last step.
            policy: The actor's last call, if it was heard.
            asked: Whether the actor was called since the last step; None: unknown.
        """
        if self._has_learned and self.is_early and asked is not None:
            self._steps += 1
            self._unasked += not asked
        self.frames.see(self.actions.told, picture, ended=terminated or truncated)
        self.actions.add(action, reward, terminated=terminated, truncated=truncated, env=env)
        if policy is None or policy.with_grad or not policy.outputs:
            return
        if observed is not None and policy.inputs and policy.inputs[0].shape[1] >= observed.size:
            acted_on = policy.inputs[0][0, -observed.size :].float().cpu().numpy()
            self._acted_on += 1
            self._acted_otherwise += not np.array_equal(acted_on, observed)
        # A random phase may ask the policy and do something else.
        is_due = self.is_early or len(self._explored) < MIN_NUMBERS
        if not self._has_learned or not is_due:
            return
        meant = policy.outputs[0].detach().float().cpu().numpy()
        if meant.shape == (1, action.size):
            self._explored += inwards(action, meant[0], max(1.0, self.actions.largest))

    def learned(self, calls: Sequence[Call], pictures: Sequence[torch.Tensor]) -> None:
        """Takes note of the calls and pictures behind a step of an optimizer."""
        self._has_learned = True
        for number, call in enumerate(calls):
            if call.role == "critic" and call.loss == "critic":
                self._note_loss(call)
                self._note(call, _target_of(number, calls), calls, pictures)

    def pictures(self, pictures: Sequence[torch.Tensor]) -> None:
        """Takes note whether all pictures of a row are one: then the next state is the state.

        In which order a trainer encodes them, and how often, is its own affair.
        """
        if len(pictures) >= 2 and pictures[0].shape == pictures[-1].shape:
            first, *others = (p for p in pictures if p.shape == pictures[0].shape)
            same = [(other == first).flatten(1).all(1) for other in others]
            self._same_next.append(float(torch.stack(same).all(0).float().mean()))

    def action_facts(self) -> ActionFacts:
        """Returns whether stored actions are executed ones."""
        return ActionFacts(
            told=bool(self.actions.size),
            rows=self.actions.rows,
            executed=self.actions.known,
            repeated=_median(self._repeated),
            evenly=_median(self._evenly),
            reach=_median(self._reaches),
            visits=self._visits.seen,
            varied=self._visits.varied,
            added=self._visits.deviation,
            own=self._own,
            zeros=self.actions.zeros,
            largest=self.actions.largest if self.actions.size else None,
            is_older=self.actions.is_older,
        )

    def input_facts(self, pixels: dict[str, float]) -> InputFacts:
        """Returns what the first layers see, given the largest pixel of each encoder."""
        return InputFacts(pixels=pixels, vector=self._vector, same_next=_median(self._same_next))

    def smoothing_facts(self) -> SmoothingFacts:
        """Returns the noise on the target policy's action."""
        return SmoothingFacts(
            calls=len(self._noise),
            deviation=_median([deviation for deviation, _ in self._noise]),
            largest=float(np.max([size for _, size in self._noise])) if self._noise else None,
        )

    def exploration_facts(self) -> ExplorationFacts:
        """Returns the noise on the policy's actions."""
        squares = np.square(self._explored)
        return ExplorationFacts(
            numbers=len(self._explored),
            deviation=float(np.sqrt(np.mean(squares))) if len(squares) else None,
            observed=self._acted_on,
            otherwise=self._acted_otherwise,
            steps=self._steps,
            unasked=self._unasked,
        )

    def _note(
        self,
        call: Call,
        target: Call | None,
        calls: Sequence[Call],
        pictures: Sequence[torch.Tensor],
    ) -> None:
        found = self.actions.look_up(call)
        if found is None or not found.recognised:
            if self._holds_own_actions(call, calls):
                self._own += len(call.inputs[0])
            self._visits.see(call, pictures, self.actions.size)
            return
        self._note_sampling(found)
        self.frames.learn(found.steps, pictures)
        self._note_vector(call, found)
        if target is None:
            return
        self._note_smoothing(target, call, found, calls)
        sizes = {len(values) for values in (*target.outputs, *call.outputs)}
        known = [number for number, step in enumerate(found.steps) if step is not None]
        if not target.outputs or sizes != {len(found.steps)}:
            return
        for number, gradient in call.gradients.items():
            self.equation.add(
                Rows(
                    q=_numbers(call.outputs[number])[known],
                    gradient=_numbers(gradient)[known],
                    targets=np.stack([_numbers(values)[known] for values in target.outputs]),
                    steps=[step for step in found.steps if step is not None],
                )
            )

    def _holds_own_actions(self, call: Call, calls: Sequence[Call]) -> bool:
        """Tells whether the actor's present actions stand in a batch of the critic's loss."""
        size = self.actions.size
        own = [c.outputs[0] for c in calls if c.role == "actor" and c.outputs]
        return any(
            one.shape == (len(rows), size) and (rows[:, start : start + size] == one).all()
            for one in own
            for rows in call.inputs
            for start in range(rows.shape[1] - size, -1, -1)
        )

    def _note_loss(self, call: Call) -> None:
        """Notes how the first two heads of a critic are pulled."""
        heads = sorted(call.gradients)[:2]
        parts = (*(call.gradients[n] for n in heads), *(call.outputs[n] for n in heads))
        sizes = {part.numel() for part in parts}
        if len(heads) == 2 and len(sizes) == 1:
            values = np.stack([_numbers(call.outputs[number]) for number in heads])
            pulls = np.stack([_numbers(call.gradients[number]) for number in heads])
            self.loss.add(values, pulls)

    def _note_sampling(self, found: Lookup) -> None:
        """Notes how far a batch reaches back, and how often it repeats a transition."""
        places = np.array([step.index for step in found.steps if step is not None])
        if self.is_early and len(places) >= MIN_ROWS:
            rows, told = len(places), self.actions.told
            self._repeated.append(1 - len(np.unique(places)) / rows)
            self._evenly.append(1 - told / rows * (1 - (1 - 1 / told) ** rows))
            self._reaches.append(float(np.ptp(places)) / told)

    def _note_vector(self, call: Call, found: Lookup) -> None:
        """Notes the largest number in the critic's input beside features and action."""
        free = np.ones(call.inputs[found.layer].shape[1], bool)
        for first, behind in (*call.found[found.layer], found.columns):
            free[first:behind] = False
        if free.any() and call.found[found.layer]:
            rest = call.inputs[found.layer][:, torch.from_numpy(free)]
            self._vector = float(np.maximum(self._vector or 0.0, float(rest.abs().max())))

    def _note_smoothing(
        self, target: Call, call: Call, found: Lookup, calls: Sequence[Call]
    ) -> None:
        """Notes what was added to the target policy's action before the target critic saw it."""
        policy = next(
            (c for c in reversed(calls) if c.role == f"actor{TARGET}" and c.outputs), None
        )
        if policy is None or _shapes(target) != _shapes(call):
            return  # of another form, compiled say: its columns are not known
        seen = target.inputs[found.layer][:, slice(*found.columns)]
        meant = policy.outputs[0]
        if seen.shape == meant.shape:
            noise = (seen - meant).float()
            inside = noise[meant.abs() < INSIDE * max(1.0, self.actions.largest)]
            self._noise.append((_deviation(inside), float(noise.abs().max())))


def _target_of(number: int, calls: Sequence[Call]) -> Call | None:
    """Returns the target critic's call that belongs to a call of the critic.

    It is the last one before, else the next: a step may have gathered the gradients of several
    batches. Without a target network the online one may serve, under other weights.
    """
    for role, with_grad in ((f"critic{TARGET}", None), ("critic", False)):
        fitting = [
            n
            for n, call in enumerate(calls)
            if call.role == role and with_grad in (None, call.with_grad)
        ]
        if fitting:
            before = [n for n in fitting if n < number]
            return calls[before[-1] if before else fitting[0]]
    return None


def _shapes(call: Call) -> list[torch.Size]:
    return [seen.shape for seen in call.inputs]


def _median(values: list[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.median(finite)) if finite else None


def inwards(
    action: NDArray[np.float32], meant: NDArray[np.float32], end: float = 1.0
) -> list[float]:
    """Returns what was added to the policy's action away from the nearer end of [-end, end].

    The other half of the noise is clipped where the policy acts near that end, this one never.
    """
    added = action - meant
    kept = (np.sign(meant) * added <= 0) & (np.abs(action) < end)
    return [float(x) for x in added[kept]]


def _deviation(noise: torch.Tensor) -> float:
    return float(noise.std()) if noise.numel() > 1 else math.nan


def _numbers(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    values: np.ndarray[Any, np.dtype[np.float64]] = tensor.double().cpu().numpy()
    return values
