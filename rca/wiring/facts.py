"""What the audit of a watched trainer saw of its wiring: plain, validated data.

Names of parts are "actor", "critic", "actor_encoder", "critic_encoder" or, for one that both share,
"encoder"; a target's name ends in "_target".
"""

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from rca.errors import EvidenceError
from rca.wiring.fact import Fact
from rca.wiring.memory import MemoryFacts
from rca.wiring.recomputed import RecomputedFacts, WorldFacts

MIN_LOOKS = 20
"""Updates that the audit must have heard to be judged by: ten of a delayed actor's."""
Count = int
End = Literal["bootstrapped", "cut", "unclear"]


class Names(Fact):
    """Some parameters.

    Attributes:
        count: How many.
        names: The first few.
    """

    count: Count = Field(ge=0)
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = f" and {self.count - len(self.names)} more" if self.count > len(self.names) else ""
        return ", ".join(self.names) + more


class ModuleFacts(Fact):
    """One part of the agent.

    Attributes:
        kind: Its class in the user's code.
        parameters: Tensors that belong to it alone.
        numbers: Weights in them.
        frozen: Parameters that require no gradient.
        in_no_optimizer: Parameters that no optimizer holds.
        in_several: Parameters that more than one stepped, each with a gradient.
        stepped_by: Those that stepped these; None: not told apart from all that hold some of it.
        held_by: Optimizers that hold some of it.
        not_reached: Parameters that no backward pass gave a gradient.
        not_changed: Parameters whose bits are those of the start.
        mode_layers: Layers in it that compute something else in eval mode.
        modes: Updates at which it was in "train" and in "eval" mode.
    """

    kind: str
    parameters: Count
    numbers: Count
    frozen: Names
    in_no_optimizer: Names
    in_several: Names
    held_by: tuple[str, ...]
    not_reached: Names
    not_changed: Names
    mode_layers: tuple[str, ...]
    modes: Mapping[str, Count]
    stepped_by: tuple[str, ...] | None = None


class OptimizerFacts(Fact):
    """One optimizer.

    Attributes:
        kind: Its class.
        steps: It took.
        holds: Parameters per part; "others" belong to none.
        rates: Learning rate per part, at the last look.
        first_rates: At the first; None: written by a version that did not keep them.
        compared: Steps whose move was held against their gradient.
        uphill: Those of them that went along it, up the loss.
        begun: Steps of the critic's before which a backward pass of its loss was heard.
        piled: Those of them before which the critic held a gradient already.
    """

    kind: str
    rates: Mapping[str, float]
    first_rates: Mapping[str, float] | None = None
    steps: Count
    holds: Mapping[str, Count]
    compared: Count = 0
    uphill: Count = 0
    begun: Count = 0
    piled: Count = 0


class LossFacts(Fact):
    """The backward passes of one loss.

    Attributes:
        passes: How many.
        reaches: Passes in which a parameter of each part received a gradient.
    """

    passes: Count
    reaches: Mapping[str, Count]


class Fed(Fact):
    """The calls of one network in one situation.

    Attributes:
        calls: How many.
        encoders: Calls in which each encoder's features stood in the input.
    """

    calls: Count
    encoders: Mapping[str, Count]


class TargetFacts(Fact):
    """A target network.

    Attributes:
        online: What it should follow.
        comparable: Whether the parameters of both have the same shapes.
        looked: Pairs of consecutive updates compared.
        online_moved: Those in which the online network moved.
        moved: Those in which the target moved.
        tau: Median share taken over per move; None without a move.
        residual: Largest part of a move that the online network does not explain, relative.
        beyond: Largest that its own steps between two looks do not explain either; None: no move
            tells, or written by a version that did not ask.
        calls: Times that it was called; None: written by a version that did not count.
        left: Its running statistics that stood still while those of the online network moved.
    """

    online: str
    comparable: bool
    looked: Count
    online_moved: Count
    moved: Count
    tau: float | None
    residual: float | None
    calls: Count | None = None
    left: tuple[str, ...] = ()
    beyond: float | None = None


class ActionFacts(Fact):
    """Actions in the critic's batches.

    Attributes:
        told: Whether the trainer told of executed actions.
        rows: Rows looked up.
        executed: Rows whose action was executed.
        repeated: Median share of a batch's rows that are another one again.
        evenly: The same as an even draw from all steps so far has it on average; None: written by
            a version that did not say.
        reach: Median share of the steps so far that lie between the oldest and the newest row of
            a batch; None: unknown.
        visits: Rows of a transition seen before, where actions are not those executed.
        varied: Those that hold another action than before, and the same state.
        added: Standard deviation of what differs, as if noise were added at each visit.
        own: Rows that hold the actor's present action instead.
        zeros: Rows that hold zeros instead.
        largest: Largest absolute number in an executed action; None: unknown.
        is_older: Whether batches held more transitions that were never told than steps were told.
    """

    told: bool
    rows: Count
    executed: Count
    repeated: float | None
    reach: float | None
    visits: Count = 0
    varied: Count = 0
    added: float | None = None
    own: Count = 0
    zeros: Count = 0
    largest: float | None = None
    is_older: bool = False
    evenly: float | None = None


class EquationFacts(Fact):
    """What the critic is regressed on, fitted (rca/wiring/equation.py).

    Attributes:
        tried: Batches, times critics, with enough rows.
        fitted: Those that the discounted rewards and Q' explain.
        late: Others that the reward of the step before explains.
        residual: Median relative residual of those tried.
        decided: Fitted batches whose rewards tell n, and with it the discount: they differ enough;
            None: written by a version that did not ask.
        short: Batches without a fit that had too few rows for the n in force.
        steps: n of n-step returns in force; None: not fitted.
        discount: In force, per step.
        reward_scale: Factor between executed and learned reward.
        reductions: Batches that one reduction of the target critics alone explains, by it.
        time_outs: Rows cut off by a time limit, by what their target holds.
        terminals: Rows that ended by themselves, likewise.
        ascending: Fitted batches whose loss by q has the wrong sign: a step down it leads away
            from the target.
    """

    tried: Count
    fitted: Count
    late: Count
    residual: float | None
    steps: Count | None
    discount: float | None
    reward_scale: float | None
    reductions: Mapping[str, Count]
    time_outs: Mapping[End, Count]
    terminals: Mapping[End, Count]
    ascending: Count = 0
    decided: Count | None = None
    short: Count = 0


class LossFit(Fact):
    """Whether twin critics learn by a squared error from one target (rca/wiring/loss.py).

    Attributes:
        tried: Batches in which the twins' values differ.
        fitted: Those that a squared error from a common target explains.
        single: Those of them in which all rows have the same target.
    """

    tried: Count
    fitted: Count
    single: Count


class InputFacts(Fact):
    """What the first layers see.

    Attributes:
        pixels: Largest absolute value that entered each encoder's first convolution; None where it
            was not finite.
        vector: Largest absolute value in the critic's input beside features and action.
        same_next: Share of rows whose next picture is the picture itself; None: not seen.
    """

    pixels: Mapping[str, float | None]
    vector: float | None
    same_next: float | None


class FrameFacts(Fact):
    """Frames of a picture, as they enter the networks.

    Attributes:
        sharing: Executed steps whose picture shares a frame with that of the step before.
        moved: Those in which the stack moved on, always by as much in the same direction.
        learned: Rows of the critic's batches that hold the frames which the agent acted on.
        kept: Those in which they stand in the same order.
    """

    sharing: Count
    moved: Count
    learned: Count
    kept: Count


class SmoothingFacts(Fact):
    """Noise on the target policy's action, as added.

    Attributes:
        calls: Target critic's calls in which both actions were found.
        deviation: Its standard deviation where the action lies inside [-0.9, 0.9]; None: unknown.
        largest: Largest absolute value.
    """

    calls: Count
    deviation: float | None
    largest: float | None


class ExplorationFacts(Fact):
    """Noise on the policy's actions, as executed.

    Attributes:
        numbers: Components of actions compared: those moved away from the nearer end of their
            range, where nothing is clipped.
        deviation: Root mean square of executed minus meant; None: unknown.
        observed: Actions before which it is known what numbers were observed.
        otherwise: Those of them that the policy was asked for with other numbers.
        steps: Executed in the first environment beside the first updates, as told.
        unasked: Those of them for which the policy was not asked.
    """

    numbers: Count
    deviation: float | None
    observed: Count = 0
    otherwise: Count = 0
    steps: Count = 0
    unasked: Count = 0


class CheckpointFacts(Fact):
    """A checkpoint held against the weights of its moment.

    Attributes:
        name: Of the file.
        absent: Parameters per part whose values it does not hold.
        optimizer_states: State dicts of optimizers in it.
    """

    name: str
    absent: Mapping[str, Count]
    optimizer_states: Count


class Wiring(Fact):
    """Everything seen of how the parts of an agent hang together.

    Attributes:
        updates: Critic updates that were looked at.
        modules: Parts of the agent.
        optimizers: By name.
        losses: "critic", "actor", "both" (one backward pass for the two) or "other".
        features: Per network and situation, what it was fed.
        targets: Target networks.
        actions: Whether stored actions are executed ones.
        equation: What the critic learns from.
        inputs: What the first layers see.
        smoothing: Noise on the target policy's action.
        exploration: Noise on the policy's actions.
        checkpoint: None: none was shown.
        frames: None: written by a version that did not look.
        loss: None: likewise.
        recomputed: None: likewise, or a trainer that is not ours.
        memory: None: likewise.
        world: None: likewise, or a task that is not the driving one.
        unseen: Why a part is None, by its name, where that is known.
        error: Why the audit fell silent before its end, "" if it did not.
    """

    updates: Count
    modules: Mapping[str, ModuleFacts]
    optimizers: Mapping[str, OptimizerFacts]
    losses: Mapping[str, LossFacts]
    features: Mapping[str, Mapping[str, Fed]]
    targets: Mapping[str, TargetFacts]
    actions: ActionFacts
    equation: EquationFacts
    inputs: InputFacts
    smoothing: SmoothingFacts
    exploration: ExplorationFacts
    checkpoint: CheckpointFacts | None = None
    frames: FrameFacts | None = None
    loss: LossFit | None = None
    recomputed: RecomputedFacts | None = None
    memory: MemoryFacts | None = None
    world: WorldFacts | None = None
    unseen: Mapping[str, str] = Field(default_factory=dict)
    error: str = ""

    def plain(self) -> dict[str, object]:
        """Returns it as JSON values; what is not finite becomes None."""
        content: dict[str, object] = json.loads(self.model_dump_json())
        return content

    def trained(self) -> dict[str, ModuleFacts]:
        """Returns the parts that learn: all but the targets."""
        return {name: part for name, part in self.modules.items() if not name.endswith("_target")}


def read_wiring(content: Mapping[str, object], source: object) -> Wiring:
    """Returns validated facts.

    Raises:
        EvidenceError: They are not what the audit writes.
    """
    try:
        return Wiring.model_validate(content)
    except ValueError as error:
        where = str(error).splitlines()[1] if "\n" in str(error) else str(error)
        raise EvidenceError(f"{source}: not what the wiring audit writes, at {where}") from error
