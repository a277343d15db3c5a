"""The actor is never trained."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="actor_frozen",
    title="The actor is never trained",
    mechanism=(
        "It is in no optimizer or gets no gradient, so the policy stays as it was "
        "drawn while the critic learns."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("learner.update_ratio", Grade.STRONG),
        Sign("evaluation.frozen", Grade.STRONG),
    ),
    to_decide=("Log the drift of the actor's weights."),
    change="Leave the actor out of the optimizer of a healthy run.",
    remedy="Put the actor's weights into its optimizer and check that they change.",
    references=("signals.md, coverage",),
)
