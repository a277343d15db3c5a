"""Exploration noise is too high (the seed's issue 2)."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="exploration_noise_high",
    title="Exploration noise is too high (the seed's issue 2)",
    mechanism="The seed says: the agent explores randomly and never finds what is rewarded.",
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("seed.config_exploration_noise", Grade.WEAK, when=(Verdict.FAIL,)),
        Sign("wiring.exploration", Grade.FACT, says="little of the policy is left"),
    ),
    contradicts=(passes("seed.config_exploration_noise", Grade.STRONG),),
    rules_out=(Sign("evaluation.frozen", Grade.STRONG, when=(Verdict.FAIL,)),),
    because="without noise it does the same",
    explains=("ordering.short_episodes", "ordering.random_phase", "env.random_drive"),
    to_decide="Evaluate without noise; if the policy fails there too, the noise is not why.",
    change="Set agent.exploration_noise to 0.1, same seeds, nothing else.",
    remedy="Compare evaluations, which have no noise, before blaming it.",
    references=("seed.md, issue 2", "evidence.md, section 3"),
)
