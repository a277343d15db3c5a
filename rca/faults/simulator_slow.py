"""Every step takes 0.03 s longer from the first evaluation on."""

import time

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

AT = 1_001
"""First slow step: after the first evaluation of the benchmark's runs."""


class Slow(Wrapper):
    """Sleeps 0.03 s a step."""

    _steps = 0

    def step(self, action: Action) -> Step:
        self._steps += 1
        if self._steps >= AT:
            time.sleep(0.03)
        return self.env.step(action)


@fault(
    "simulator_slow",
    causes=(
        "evaluation_disturbs_simulator",
        "simulator_asynchronous",
    ),
    caught_by=("evaluation.step_time",),
    source="defect D03: asynchronous mode left on",
    begins=AT,
)
def simulator_slow(build: Build) -> Build:
    """Every step takes 0.03 s longer from the first evaluation on."""
    return with_wrapper(build, Slow, evaluation=False)
