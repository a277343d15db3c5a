"""Time-outs are stored as terminal."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper


class Final(Wrapper):
    """Reports time-outs as terminal."""

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, float(reward), terminated or truncated, False, info


@fault(
    "time_outs_terminal",
    causes=("time_outs_terminal",),
    caught_by=("replay.terminal_share",),
    source="defect D07; Pardo et al. 2018",
)
def time_outs_terminal(build: Build) -> Build:
    """Time-outs are stored as terminal."""
    return with_wrapper(build, Final, evaluation=False)
