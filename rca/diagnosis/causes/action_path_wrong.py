"""The car does not do what is stored."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="action_path_wrong",
    title="The car does not do what is stored",
    mechanism=(
        "Sign, bias, scale or noise between the policy and the car, or a stored "
        "action that was not the executed one, or the policy's own action in the "
        "critic's batch: the critic learns values of other actions."
    ),
    acts_from=Moment.FIRST_STEP,
    supports=(
        Sign("wiring.actions", Grade.FACT, says="limit"),
        Sign("env.action_path", Grade.FACT),
        Sign("env.controls", Grade.FACT),
        Sign("env.witnessed", Grade.FACT, says="(controls)"),
        Sign("replay.action_range", Grade.FACT),
        Sign("env.random_drive", Grade.WEAK),
        Sign("critic.value_bias", Grade.WEAK),
        Sign("evaluation.improves", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.actions", Grade.STRONG),
        passes("env.action_path", Grade.STRONG),
    ),
    to_decide=("Log the control that the vehicle reports beside the stored action."),
    change="Reverse the steering of a healthy run in training only.",
    remedy="Compare the stored action with the vehicle's control at the same tick.",
    references=(
        "signals.md, net drive",
        "defect D01",
    ),
)
