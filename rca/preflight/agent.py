"""Which part of an agent does not learn: seven tiny tasks with known answers, in a minute."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict
from rca.preflight.tasks import EXAMS, Exam, Picture, Task

STEPS = 700
"""Environment steps that an agent learns on each task, the first 100 of them at random."""


class Agent(Protocol):
    """What a factory has to return; `value(picture, action)` may be there as well."""

    def learn(self, steps: int) -> None:
        """Learns in its environment for so many steps."""

    def act(self, picture: Picture) -> NDArray[np.float32]:
        """Returns the greedy action without noise, one number in [-1, 1]."""


@runtime_checkable
class WithValue(Protocol):
    """An agent that says what it expects."""

    def value(self, picture: Picture, action: NDArray[np.float32]) -> float:
        """Returns Q of one picture [3, 36, 36] and action [1]."""


MakeAgent = Callable[[Task, float, int], Agent]
"""Called with the environment, the discount and a seed; pictures are uint8 [3, 36, 36], channels
first, actions one number in [-1, 1]."""


def probe_agent(
    make: MakeAgent, *, seed: int = 0, steps: int = STEPS, exams: Sequence[Exam] = EXAMS
) -> list[Finding]:
    """Returns a finding per task: PASS, FAIL with where to look, VACUOUS without `value`.

    Args:
        make: Returns a new agent for a task.
        seed: Handed on.
        steps: Environment steps per task.
        exams: To be passed.
    """
    found: list[Finding] = []
    for exam in exams:
        try:
            finding = _examined(exam, make, seed, steps)
        except Exception as error:  # noqa: BLE001  the user's agent may raise anything
            message = f"{exam.title}: {type(error).__name__}: {error}"
            finding = Finding(Verdict.ERROR, message, check=f"agent.{exam.name}")
        found.append(finding)
    return found


def _examined(exam: Exam, make: MakeAgent, seed: int, steps: int) -> Finding:
    agent: Any = make(exam.make(), exam.discount, seed)
    check = f"agent.{exam.name}"
    if exam.values and not isinstance(agent, WithValue):
        return Finding(Verdict.VACUOUS, f"{exam.title}: the agent has no `value`", check=check)
    agent.learn(steps)
    asked = [
        (agent.value(shown, np.full(1, action, np.float32)), wanted)
        for shown, action, wanted in exam.values
    ]
    asked += [(float(np.ravel(agent.act(shown))[0]), wanted) for shown, wanted in exam.actions]
    kind = "value" if exam.values else "action"
    said = ", ".join(f"{kind} {got:.2f}, wanted {wanted:g}" for got, wanted in asked)
    worst = float(np.max([abs(got - wanted) for got, wanted in asked]))  # NaN if one is
    if worst <= exam.tolerance:
        return Finding(Verdict.PASS, f"{exam.title}: {said}", worst, exam.tolerance, check=check)
    message = f"{exam.title}: {said} (within {exam.tolerance:g}); look at {exam.blame}"
    return Finding(Verdict.FAIL, message, worst, exam.tolerance, check=check)
