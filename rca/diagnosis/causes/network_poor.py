"""The networks cannot hold or pass on what is needed."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="network_poor",
    title="The networks cannot hold or pass on what is needed",
    mechanism=(
        "A changed activation or too narrow a layer loses the signal: features "
        "collapse to a few directions."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("encoder.effective_rank", Grade.STRONG),
        Sign("config.activation", Grade.PROOF),
    ),
    contradicts=(passes("encoder.effective_rank", Grade.WEAK),),
    to_decide=("Log the effective rank of the features."),
    change="Change the activation of a healthy run to tanh.",
    remedy="Use ReLU and the widths of NatureCNN first.",
    references=(
        "RLMutation: changed activation",
        "Kumar et al. 2021",
    ),
)
