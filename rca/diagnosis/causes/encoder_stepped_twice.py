"""A shared encoder is stepped by two optimizers."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="encoder_stepped_twice",
    title="A shared encoder is stepped by two optimizers",
    mechanism=(
        "The actor's loss pulls the features away from what the critic needs, with a momentum of "
        "its own; values and policy chase each other."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(Sign("wiring.stepped_twice", Grade.PROOF, says="stepped twice: "),),
    contradicts=(passes("wiring.stepped_twice", Grade.FACT),),
    to_decide="Attach rca.watch: it lists which optimizer holds which parameter.",
    change="Share the encoder and leave it in both optimizers (agent.encoder_sharing=shared).",
    remedy="Detach the features in the actor's loss; leave the encoder to the critic's optimizer.",
    references=("SAC-AE (Yarats et al. 2021), section 4.2", "DrQ-v2, section 3"),
)
