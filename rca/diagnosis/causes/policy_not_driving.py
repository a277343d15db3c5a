"""The policy that is trained does not drive."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign

CAUSE = Cause(
    id="policy_not_driving",
    title="The policy that is trained does not drive",
    mechanism=(
        "A random phase that never ends, random actions that stay among the policy's, or a copy "
        "made before the training choose the actions: "
        "the memory holds nothing of what the policy does, and its mistakes are never met."
    ),
    acts_from=Moment.FIRST_UPDATE,
    supports=(
        Sign("wiring.exploration", Grade.FACT, says="asked for no action"),
        Sign("wiring.exploration", Grade.FACT, says="was not asked in"),
    ),
    contradicts=(Sign("wiring.exploration", Grade.FACT, when=(Verdict.PASS,)),),
    to_decide="Log the policy's own action beside the executed one.",
    change="Let uniformly random actions drive on after the random phase of a healthy run.",
    remedy=(
        "Take the executed action from the actor that is trained: look for a count that a reset "
        "sets to 0, an epsilon left over from DQN, and a copy of the actor."
    ),
    references=("Fujimoto et al. 2018, algorithm 1: actions are the policy's plus noise",),
)
