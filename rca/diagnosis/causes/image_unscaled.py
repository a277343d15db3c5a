"""Pixels go into the network in the wrong size."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="image_unscaled",
    title="Pixels go into the network as 0 to 255, or scaled twice",
    mechanism=(
        "Activations and gradients are hundreds of times too large beside a unit- "
        "scale vector: features saturate or drown it. Divided twice, the picture is all but black."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.inputs", Grade.FACT, says="pixels"),
        Sign("wiring.recomputed", Grade.FACT, says="pixels are"),
        Sign("gradients.explosion", Grade.WEAK),
        Sign("critic.td_tails", Grade.WEAK),
        Sign("encoder.effective_rank", Grade.WEAK),
    ),
    contradicts=(passes("wiring.inputs", Grade.FACT),),
    to_decide=("Log the mean and largest input of the first convolution."),
    change="Multiply the pixels of a healthy run by 255.",
    remedy="Divide by 255 once, in one place, for training, acting and targets.",
    references=(
        "signals.md",
        "Mnih et al. 2015",
    ),
)
