"""Whether steps are what the simulator's own account of the car makes them."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord
from rca.wiring.recomputed import WorldFacts

MIN_STEPS = 50
OFTEN = 0.01
"""Share of the steps that may be another by chance: between two pieces of a route equally near, the
last bit of a number decides. Our own environment has none in 4,000 steps of a random policy
(tests/test_runs_witnessing.py)."""
FEW = 3
"""Steps that are none by chance, however many were compared: endings are rare."""
ONE_ROUTE = "one and the same route"
KINDS = {
    "steering": ("controls", "action_path_wrong"),
    "pedal": ("controls", "action_path_wrong"),
    "picture": ("pictures", "frames_wrong"),
    "picture late": ("late pictures", "frames_wrong"),
    "vector late": ("late vectors", "frames_wrong"),
    "vector unscaled": ("vectors beyond 1", "observation_unscaled"),
    "speed": ("vectors", "observation_wrong"),
    "lateral offset": ("vectors", "observation_wrong"),
    "heading error": ("vectors", "observation_wrong"),
    "route points": ("vectors", "observation_wrong"),
    "reward": ("rewards", "reward_wrong"),
    "first picture": ("pictures", "frames_wrong"),
    "first vector": ("vectors", "observation_wrong"),
    ONE_ROUTE: ("seeds", "seed_ignored"),
    "ending missing": ("endings", "terminal_missing"),
    "ending added": ("endings", "time_outs_terminal"),
}
"""What each difference is one of, and what makes it."""
RARE = ("reward", "first picture", "first vector", "ending missing", "ending added")
"""What no rounding decides: a reward may be another at endings alone."""
MIN_BEGUN = 5
"""Episodes from which one and the same route is no chance: routes are drawn, their starts too."""


@check(
    "env.witnessed",
    title="Steps as the simulator has them",
    needs=["wiring.world"],
    severity=Severity.CRITICAL,
    driving=True,
)
def witnessed(run: RunRecord) -> Finding:
    """Does the car do what the agent chose, and is the agent shown and paid what the car did?

    Why: between policy and car lie wrappers, overridden methods and shared settings; whatever one
        of them changes looks consistent from the agent's side.
    Remedy: take wrappers off one by one; log control, transform and reward at the same tick.
    Reference: differential testing (McKeeman 1998): CARLA's `get_control` and `get_transform` of
        the vehicle, and the task written once more in rca/envs/plain.py. Our own driving task
        alone can be asked. Terms of the reward that the settings do not know are taken as they are
        declared, and a picture is the camera's: how it is drawn is not judged.
    """
    assert run.wiring is not None
    assert run.wiring.world is not None
    seen = run.wiring.world
    off = {what: count for what, count in seen.other.items() if count >= _limit(what, seen)}
    if seen.routes == 1 and seen.begun >= MIN_BEGUN:
        off[ONE_ROUTE] = seen.begun
    if known := {what: count for what, count in off.items() if what in KINDS}:
        said = ", ".join(f"{what} in {count:,} ({KINDS[what][0]})" for what, count in known.items())
        suspects = tuple(dict.fromkeys(KINDS[what][1] for what in known))
        message = f"of {seen.steps:,} steps not as the simulator has it: {said}"
        return Finding(Verdict.FAIL, message, suspects=suspects)
    if seen.error:
        return Finding(Verdict.NOT_RUN, f"{seen.steps:,} steps compared; then: {seen.error}")
    if seen.steps < MIN_STEPS:
        return Finding(Verdict.VACUOUS, f"{seen.steps} steps compared, {MIN_STEPS} needed")
    if off:
        return Finding(Verdict.WARN, f"another route within an episode, {off['route']} times")
    return Finding(
        Verdict.PASS,
        f"{seen.steps:,} steps with {seen.ends:,} endings are as the simulator has them",
    )


def _limit(what: str, seen: WorldFacts) -> float:
    return FEW if what in RARE else max(FEW, OFTEN * seen.steps)
