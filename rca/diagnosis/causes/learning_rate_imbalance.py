"""The encoders learn slower than the heads (the seed's issue 1)."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="learning_rate_imbalance",
    title="The encoders learn slower than the heads (the seed's issue 1)",
    mechanism="The seed says: actor and critic adapt to features that cannot keep up.",
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign(
            "seed.config_learning_rates",
            Grade.WEAK,
            when=(Verdict.FAIL,),
            says="slower than its head",
        ),
        Sign("ordering.learning_collapse", Grade.WEAK),
    ),
    contradicts=(passes("seed.config_learning_rates", Grade.STRONG),),
    rules_out=(Sign("encoder.weight_growth", Grade.STRONG, when=(Verdict.FAIL,)),),
    because="the encoders do not learn too slowly",
    explains=("ordering.short_episodes", "ordering.random_phase"),
    to_decide="Run both settings with paired seeds: rca study, one factor.",
    change="Match all learning rates, same seeds, nothing else; compare returns.",
    remedy="Do not change it before the causes above it are removed.",
    references=(
        "seed.md, issue 1",
        "evidence.md, section 3: the quotations are not in the documentation named",
    ),
)
