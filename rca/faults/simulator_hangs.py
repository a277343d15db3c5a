"""One tick takes more than a minute."""

import time

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper, with_wrapper

AT = 1_200
"""Step of the hang: in the learning phase of the benchmark's runs."""
SECONDS = 70.0


class Hanging(Wrapper):
    """Waits once, as a client with a time-out of minutes waits for a server that does not answer.

    Ours gives up after seconds and counts a simulator fault; the failed project's did not.
    """

    _steps = 0

    def step(self, action: Action) -> Step:
        self._steps += 1
        if self._steps == AT:
            time.sleep(SECONDS)
        return self.env.step(action)


@fault(
    "simulator_hangs",
    causes=("simulator_hangs",),
    caught_by=("env.stalls",),
    source="defect D16",
    begins=AT,
)
def simulator_hangs(build: Build) -> Build:
    """One tick takes more than a minute."""
    return with_wrapper(build, Hanging, evaluation=False)
