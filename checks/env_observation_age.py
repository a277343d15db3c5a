"""Whether an observation shows the moment at which it is given."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import too_few
from rca.runs.record import RunRecord

MIN_EPISODES = 3
SAME = 2 / 3
"""Share of episodes with one and the same delay: a queue delays all alike, but for those in which
the car stood meanwhile; dull pixels do not."""


@check(
    "env.observation_age",
    title="Age of observations",
    needs=["env/observation_age"],
    severity=Severity.MAJOR,
)
def observation_age(run: RunRecord) -> Finding:
    """Is a car's first motion in an episode observed in the step in which it moved?

    Why: an observation that is a step old looks like any other within an episode; only at the start
        does it give itself away, when the car moves and what is observed is still the reset's. The
        agent acts on where the car was, and its action is credited with what an earlier one did.
    Remedy: tick first, then read the sensors of that very tick (compare frame numbers); return what
        was measured after the action.
    Reference: RLMutation: missing state update; Ramstedt and Pal 2019, Real-Time Reinforcement
        Learning, on what a delay costs. A measured speed shows the first millimetre per second;
        pictures alone show a start from rest late and unevenly, which is a WARN here. Where there
        is a vector it alone is judged: pictures that come late beside it are not seen, and a vector
        that does not show motion says when something else in it changed.
    """
    signal = run.signals["env/observation_age"]
    ages = signal.finite()
    few = too_few(len(ages), MIN_EPISODES, "episodes in which the car moved off")
    if few:
        return few
    age = float(np.median(ages))
    message = (
        f"the first motion is observed {age:g} steps late (median of {len(ages):,} episodes, "
        f"{ages.min():g} to {ages.max():g})"
    )
    steps = (int(signal.steps[0]), int(signal.steps[-1]))
    if age < 1:
        return Finding(Verdict.PASS, message, age, 1, "steps", steps=steps)
    verdict = Verdict.FAIL if np.mean(ages == age) >= SAME else Verdict.WARN
    return Finding(verdict, message, age, 1, "steps", steps=steps, suspects=("frames_wrong",))
