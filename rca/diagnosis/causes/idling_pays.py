"""Standing still is paid."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="idling_pays",
    title="Standing still is paid",
    mechanism=(
        "Potential-based shaping with a large negative potential pays (1 - discount) "
        "times the distance at every step without moving."
    ),
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(
        Sign("reward.promises", Grade.STRONG, says="standing still"),
        Sign("reward.idle_pays", Grade.PROOF),
    ),
    contradicts=(
        passes("reward.promises", Grade.STRONG),
        passes("reward.idle_pays", Grade.PROOF),
    ),
    to_decide="Log speed and reward of the same steps, at least a few at standstill.",
    change=("Set the potential to 0 at the end of episodes and compare the reward at standstill."),
    remedy="Add a cost per step; correct the shaping term.",
    references=(
        "Ng, Harada, Russell 1999, Policy invariance under reward transformations",
        "defect D10",
    ),
)
