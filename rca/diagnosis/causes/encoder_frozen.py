"""The image encoder is never trained."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="encoder_frozen",
    title="The image encoder is never trained",
    mechanism=(
        "Run in eval mode, under no_grad or without an optimizer, it keeps its random "
        "weights; actor and critic see features that nothing shaped."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.optimizers", Grade.FACT, says="encoder:"),
        Sign("wiring.gradients", Grade.FACT, says="encoder:"),
        Sign("wiring.weights_move", Grade.PROOF, says="encoder:"),
        Sign("wiring.recomputed", Grade.PROOF, says="encoder gets no gradient"),
        Sign("wiring.recomputed", Grade.PROOF, says="encoder does not move"),
        Sign("encoder.drift", Grade.PROOF),
        Sign("learner.update_ratio", Grade.STRONG, when=(Verdict.FAIL,), says="encoder"),
        Sign("gradients.flow", Grade.STRONG, when=(Verdict.FAIL,), says="MISSED: critic_encoder"),
        Sign("seed.cnn_diagnostics", Grade.STRONG, when=(Verdict.FAIL,)),
    ),
    contradicts=(
        passes("wiring.weights_move", Grade.PROOF),
        passes("encoder.drift", Grade.PROOF),
    ),
    explains=("encoder.drift",),
    to_decide=(
        "Log the drift of each encoder from its first weights (rca.watch does), or its "
        "gradient norm."
    ),
    follows=(
        "learning_rate_wrong",
        "update_ratio_wrong",
        "gradients_clipped_away",
        "learner_never_started",
        "units_dead",
        "actor_saturated",
    ),
    change="Freeze the encoder in a healthy run and compare returns.",
    remedy="Put the encoder into one optimizer, in train mode, outside no_grad.",
    references=("signals.md, coverage", "defect D02"),
)
