"""Random throttle and brake cancel out, so the car never moves."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="no_net_force",
    title="Random throttle and brake cancel out, so the car never moves",
    mechanism=(
        "One signed axis drawn evenly around zero is half throttle, half brake; the car "
        "stays where it is and the buffer fills with one situation."
    ),
    acts_from=Moment.FIRST_STEP,
    driving=True,
    supports=(Sign("env.random_drive", Grade.PROOF),),
    contradicts=(passes("env.random_drive", Grade.PROOF),),
    follows=("action_path_wrong",),
    to_decide="Log the speed of every step of the random phase.",
    change="Draw throttle from [0, 1] in the random phase and compare the median speed.",
    remedy="Hold random actions for several steps, or draw throttle and brake apart.",
    references=("signals.md, net drive in the random phase", "defect D01"),
)
