"""The batch is too large for images (the seed's issue 5)."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="batch_size_large",
    title="The batch is too large for images (the seed's issue 5)",
    mechanism="The seed says: large batches make gradients unstable.",
    acts_from=Moment.FIRST_UPDATE,
    supports=(Sign("gradients.explosion", Grade.WEAK, when=(Verdict.FAIL,)),),
    rules_out=(passes("gradients.explosion", Grade.STRONG),),
    because="gradients are stable",
    explains=("ordering.short_episodes", "ordering.random_phase"),
    to_decide="Log gradient norms; unstable gradients are what the claim predicts.",
    change="Set agent.batch_size to 128, same seeds, nothing else.",
    remedy="DrQ-v2 learns with 256; look elsewhere first.",
    references=("seed.md, issue 5", "evidence.md, section 3"),
)
