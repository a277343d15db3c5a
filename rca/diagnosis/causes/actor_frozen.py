"""The actor is never trained."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="actor_frozen",
    title="The actor is never trained",
    mechanism=(
        "It is in no optimizer or gets no gradient, so the policy stays as it was "
        "drawn while the critic learns."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.optimizers", Grade.FACT, says="actor:"),
        Sign("wiring.gradients", Grade.FACT, says="actor:"),
        Sign("wiring.weights_move", Grade.PROOF, says="actor:"),
        Sign("wiring.recomputed", Grade.PROOF, says="step of actor does not move"),
        Sign("wiring.recomputed", Grade.PROOF, says="actor gets no gradient"),
        Sign("learner.update_ratio", Grade.STRONG),
        Sign("evaluation.frozen", Grade.STRONG),
    ),
    contradicts=(passes("wiring.weights_move", Grade.PROOF),),
    to_decide=("Log the drift of the actor's weights."),
    follows=(
        "learning_rate_wrong",
        "update_ratio_wrong",
        "gradients_clipped_away",
        "learner_never_started",
        "units_dead",
        "actor_saturated",
    ),
    change="Leave the actor out of the optimizer of a healthy run.",
    remedy="Put the actor's weights into its optimizer and check that they change.",
    references=("signals.md, coverage",),
)
