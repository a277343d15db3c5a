"""Standing still is paid."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Paying(Wrapper):
    """Adds 0.5 a step below 0.5 m/s."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        idle = 0.5 if abs(info.get("speed", 1.0)) < 0.5 else 0.0
        terms = {**info.get("reward_terms", {}), "shaping": idle}
        return obs, float(reward) + idle, terminated, truncated, {**info, "reward_terms": terms}


@fault(
    "idling_pays",
    causes=(
        "idling_pays",
        "reward_design",
    ),
    caught_by=("reward.idle_pays",),
    source="defect D10",
)
def idling_pays(build: Build) -> Build:
    """Standing still is paid."""
    return with_wrapper(build, Paying)
