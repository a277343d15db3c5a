"""The results report configured steps, not executed ones."""

from rca.checking import Verdict
from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="steps_misreported",
    title="The results report configured steps, not executed ones",
    mechanism="A run that stopped early looks complete.",
    acts_from=Moment.LOAD,
    supports=(
        Sign("results.steps_claimed", Grade.FACT),
        Sign("results.episodes", Grade.WEAK, when=(Verdict.FAIL,)),
    ),
    contradicts=(passes("results.steps_claimed", Grade.PROOF),),
    misleads=True,
    change="Stop a run half-way and read its results.",
    remedy="Write the counter of executed steps.",
    references=("defect D27",),
)
