"""The vector observation says what is not so."""

from rca.diagnosis.cause import Cause, Grade, Moment, Sign, passes

CAUSE = Cause(
    id="observation_wrong",
    title="The vector observation says what is not so",
    mechanism=(
        "Axes, signs, order or origin of its numbers are others than the car's: the same "
        "situation looks different each time, and what is learned of one says nothing of the next."
    ),
    acts_from=Moment.FIRST_STEP,
    ours=True,
    driving=True,
    supports=(Sign("env.witnessed", Grade.FACT, says="(vectors)"),),
    contradicts=(passes("env.witnessed", Grade.FACT),),
    to_decide=(
        "Compare speed, offset and route points with the vehicle's transform at the same tick."
    ),
    change="Leave the route points of a healthy run in the axes of the map.",
    remedy="Compute the vector of one recorded tick by hand, car turned by 90 degrees.",
    references=("signals.md, observation",),
)
