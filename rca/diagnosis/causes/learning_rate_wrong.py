"""The learning rates are orders of magnitude off."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="learning_rate_wrong",
    title="The learning rates are orders of magnitude off, or change on the way",
    mechanism=(
        "Too small a step changes nothing within the budget; too large a one "
        "throws the weights about and saturates the actor."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.learning_rates", Grade.FACT, says="sound"),
        Sign("wiring.learning_rates", Grade.FACT, says="plain"),
        Sign("wiring.learning_rates", Grade.FACT, says="on the way"),
        Sign("learner.update_ratio", Grade.STRONG),
        Sign("gradients.explosion", Grade.STRONG),
        Sign("critic.loss_rising", Grade.WEAK),
    ),
    contradicts=(
        passes("wiring.learning_rates", Grade.STRONG),
        passes("learner.update_ratio", Grade.STRONG),
    ),
    to_decide=("Log norm(step) / norm(weights) per module."),
    change="Set every learning rate of a healthy run to 1e-8, or to 0.1.",
    remedy="Begin at 1e-4 to 3e-4 for each module; look at the update ratio, about 1e-3.",
    references=(
        "Cockpit",
        "DeepFD",
    ),
)
