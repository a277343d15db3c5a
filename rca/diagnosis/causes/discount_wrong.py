"""The discount makes the future worth nothing or everything."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="discount_wrong",
    title="The discount makes the future worth nothing or everything",
    mechanism=(
        "At 0 only the next reward counts and nothing is planned; at 1 values of "
        "endless episodes have no bound."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.discount", Grade.FACT, says="sound"),
        Sign("config.discount", Grade.PROOF),
    ),
    contradicts=(
        passes("wiring.discount", Grade.FACT),
        passes("config.discount", Grade.PROOF),
    ),
    to_decide=("Log the discount that the target uses."),
    change="Set the discount of a healthy run to 0 or to 1.",
    remedy="Choose 1 - 1 / (steps that an action's consequences last), commonly 0.97 to 0.99.",
    references=(
        "muPRL: gamma",
        "RLMutation: no discount",
    ),
)
