"""The networks compute something else than their settings say."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="network_altered",
    title="The networks compute something else than their settings say",
    mechanism=(
        "A hook, a wrapper or an overridden layer scales, squashes or cuts what passes through: "
        "what is learned is the value of something else."
    ),
    acts_from=Moment.FIRST_UPDATE,
    ours=True,
    supports=(
        Sign("wiring.recomputed", Grade.PROOF, says=": value off by"),
        Sign("wiring.recomputed", Grade.PROOF, says=": policy off by"),
    ),
    contradicts=(passes("wiring.recomputed", Grade.FACT),),
    to_decide="Compute one batch of values from the weights alone and compare.",
    follows=("frames_wrong", "image_unscaled", "loss_wrong"),
    change="Put a tanh behind the critics of a healthy run.",
    remedy="Look for hooks and overridden `forward` methods; compare layer by layer.",
    references=("differential testing (McKeeman 1998)",),
)
