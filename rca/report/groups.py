"""Which signals are drawn together, and how to read them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A signal as it is drawn; `color` None takes the side's, `factor` turns the sign."""

    signal: str
    label: str
    color: int | None = None
    dashed: bool = False
    factor: float = 1.0


@dataclass(frozen=True)
class Group:
    """Signals that are drawn in one picture.

    Attributes:
        id: Of the figure.
        what: Subject of the title.
        curves: What is drawn.
        y_label: Without unit.
        caption: What the quantity is and how to read it.
        log: A logarithmic axis where the values span orders of magnitude.
    """

    id: str
    what: str
    curves: tuple[Curve, ...]
    y_label: str
    caption: str
    log: bool = True


def _modules(quantity: str) -> tuple[Curve, ...]:
    """Returns a curve per module; colours and dashes are the same in every figure."""
    return (
        Curve(f"actor/{quantity}", "actor", 0),
        Curve(f"critic/{quantity}", "critic", 1),
        Curve(f"actor_encoder/{quantity}", "actor CNN", 2, dashed=True),
        Curve(f"critic_encoder/{quantity}", "critic CNN", 3, dashed=True),
    )


GRADIENTS = Group(
    "gradients",
    "Gradient norms",
    _modules("grad_norm"),
    "gradient norm",
    "Global L2 norm per module, read before the optimizer's step.",
)
UPDATE_RATIO = Group(
    "update-ratio",
    "Update ratios",
    _modules("update_ratio"),
    "step over weights",
    "Length of one update over the norm of the weights; about 1e-3 is healthy, below 1e-6 the "
    "module stands still (start values, after Cockpit's UpdateSize).",
)
DORMANT = Group(
    "dormant",
    "Dormant units",
    _modules("dormant"),
    "share of units",
    "Share of units that hardly ever fire (ReDo, Sokar et al. 2023, tau 0.025).",
    log=False,
)
RANK = Group(
    "rank",
    "Effective rank of the critic's features",
    (Curve("critic_encoder/effective_rank", "rank"),),
    "rank",
    "Fewest singular values that hold 99% of their sum (Kumar et al. 2021); a falling trend means "
    "that different images become the same to the critic.",
    log=False,
)
BIAS = Group(
    "bias",
    "Value bias",
    (Curve("critic/value_bias", "bias"),),
    "(Q - G) / |mean G|",
    "What the critic promised at the start of evaluation episodes against what they brought; above "
    "0 it promises too much.",
    log=False,
)
ACTIONS = Group(
    "actions",
    "Actions of the policy",
    (
        Curve("actor/saturation", "share beyond 0.99", 1),
        Curve("actor/diversity", "spread over states", 0),
        Curve("actor/image_use", "change without image", 4, dashed=True),
    ),
    "see legend",
    "Saturated actions near 1, spread near 0 or no change when the image is blanked mean a policy "
    "that does the same whatever it sees.",
    log=False,
)
DRIFT = Group(
    "drift",
    "CNN weight drift",
    (
        Curve("actor_encoder/drift", "actor CNN", 2, dashed=True),
        Curve("critic_encoder/drift", "critic CNN", 3, dashed=True),
    ),
    "distance from start",
    "Distance of the weights from their start over the norm of the start; 0 after learning began "
    "means a CNN that does not learn.",
    log=False,
)
SPREAD = Group(
    "spread",
    "Q-value spread of the twin critics",
    (Curve("critic/q_spread", "|Q1 - Q2|"),),
    "|Q1 - Q2|",
    "Mean absolute difference of the two critics over a batch, in units of return.",
)
VALUES = Group(
    "values",
    "Values",
    (
        Curve("critic/q1_mean", "Q1 on the batch", 1),
        Curve("critic/target_mean", "target", 3, dashed=True),
        Curve("actor/q_mean", "Q1 of the policy's actions", 0),
        Curve("actor/loss", "Q in the actor's loss", 5, dashed=True, factor=-1.0),
    ),
    "value",
    "What the first critic says of stored actions, what it is trained on, and what the actor is "
    "told of its own actions (minus its loss). Far above the batch it chases values that nobody "
    "checked.",
)
LOSSES = Group(
    "losses",
    "Losses",
    (Curve("critic/loss", "critic", 1), Curve("actor/loss", "actor", 0)),
    "loss",
    "Critic: summed squared errors of both critics. Actor: minus the value of its own actions.",
)
STEP_TIME = Group(
    "step-time",
    "Time per environment step",
    (Curve("env/step_seconds", "step"),),
    "step time",
    "Wall-clock time of one environment step. A level that changes for good, after an evaluation "
    "say, means that the simulator is not what it was.",
)
SPEED = Group(
    "speed",
    "Speed",
    (Curve("env/speed", "speed"),),
    "speed",
    "Speed of the car; below 0.5 m/s it stands.",
    log=False,
)
REQUIRED = (GRADIENTS, DRIFT, SPREAD)
"""Drawn always: where they were not measured the report says why."""
LEARNER = (VALUES, BIAS, LOSSES, UPDATE_RATIO, ACTIONS, DORMANT, RANK)
WORLD = (SPEED, STEP_TIME)
"""Drawn where at least one side recorded them."""
