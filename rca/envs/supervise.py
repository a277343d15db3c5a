"""An environment that outlives its simulator: a fault ends an episode, not the run."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from typing import Any

import gymnasium
import numpy as np
import psutil
from numpy.typing import NDArray

from rca.envs.connect import SimulatorFault
from rca.envs.servers import Address
from rca.errors import EvidenceError, NotFiniteError

LOG = logging.getLogger(__name__)
PAUSES = (0.0, 1.0, 5.0)
"""Seconds before each restart that follows another without a good step between; then it is over."""
GROWTH_MIB = 2048.0
"""Memory that a server of ours may gain from its first reset on before it is replaced. Chosen by
hand: the embedded one gains nothing (`make endurance`), a real one that leaks is caught well before
a machine of 16 GiB is full."""

Obs = dict[str, Any]
Env = gymnasium.Env[Obs, NDArray[np.float32]]


class SupervisedEnv(Env):
    """An environment with a server that is replaced when it fails.

    A step in which the simulator fails returns the last observation again, reward 0, truncated and
    `info["end_reason"] == "simulator_fault"`, with the cause in `info["fault"]`: it is no
    transition and must not be stored. The next reset starts another server. A fault in a reset
    costs nothing but time: the same reset is done again on another server. A server of our own that
    keeps growing is replaced before an episode.

    Attributes:
        faults: One line for each fault so far.
    """

    def __init__(
        self,
        start: Callable[[], AbstractContextManager[Address]],
        make: Callable[[Address], Env],
        *,
        told: Callable[[str], None] = lambda fault: None,
        growth_mib: float = GROWTH_MIB,
    ) -> None:
        """Starts the first server.

        Args:
            start: Starts or adopts a server, such as `lambda: embedded("oval")`.
            make: Makes the environment in it; raises SimulatorFault when the server fails.
            told: Told each fault when it happens.
            growth_mib: Memory that a server of ours may gain before it is replaced, MiB.

        Raises:
            RcaError: The first server does not start, or is not what the config wants.
        """
        self.faults: list[str] = []
        self._start, self._make, self._told = start, make, told
        self._growth_mib = growth_mib
        self._held_mib = math.nan  # of the present server after its first reset
        self._failures = 0  # since the last good step
        self._stack = ExitStack()
        self._env: Env | None = None
        env = self._open()
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Starts an episode, on another server if the last one failed.

        Raises:
            EvidenceError: Servers fail again and again.
        """
        super().reset(seed=seed)
        inner = seed if seed is not None else int(self.np_random.integers(2**31))
        self._replace_if_grown()
        while True:
            try:
                self._obs, info = (self._env or self._open()).reset(seed=inner, options=options)
            except EvidenceError as error:
                self._failed(error)
            else:
                if math.isnan(self._held_mib):
                    self._held_mib = _resident_mib(self._address)
                return self._obs, info

    def step(self, action: NDArray[np.float32]) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """Drives a step; the class says what a fault returns.

        Raises:
            EvidenceError: Servers fail again and again.
            NotFiniteError: The action is NaN or infinite, which no car can carry out.
        """
        assert self._env is not None, "reset comes before step, also after a fault"
        if not np.isfinite(action).all():
            raise NotFiniteError(
                f"the policy's action is not finite ({', '.join(f'{x:g}' for x in action)}): its "
                "weights broke in an update, so there is nothing left to drive or train on with; "
                "not_finite in manifest.json names the update; --on-nan continue drives on with 0"
            )
        try:
            obs, reward, terminated, truncated, info = self._env.step(action)
        except SimulatorFault as error:
            self._failed(error)
            fault = {"end_reason": "simulator_fault", "fault": self.faults[-1]}
            return self._obs, 0.0, False, True, fault
        self._obs, self._failures = obs, 0
        return obs, float(reward), terminated, truncated, info

    @property
    def inner(self) -> Env | None:
        """The environment in the present server, without wrappers; None between two servers."""
        return None if self._env is None else self._env.unwrapped

    @property
    def versions(self) -> tuple[str, str] | None:
        """Of client and server; None between two servers, or of an environment without one."""
        if self._env is None or not self._env.has_wrapper_attr("versions"):
            return None
        found: tuple[str, str] = self._env.get_wrapper_attr("versions")
        return found

    def close(self) -> None:
        """Closes the environment and ends its server; may be repeated."""
        self._env = None
        self._stack.close()

    def _open(self) -> Env:
        address = self._stack.enter_context(self._start())
        self._address = address
        self._held_mib = math.nan
        self._env = self._stack.enter_context(closing(self._make(address)))
        return self._env

    def _failed(self, error: EvidenceError) -> None:
        """Notes a fault and ends the server; raises the error if that was once too often."""
        self._note(f"{error}{self._postmortem()}")
        self.close()
        self._failures += 1
        if self._failures > len(PAUSES):
            raise error
        time.sleep(PAUSES[self._failures - 1])

    def _note(self, fault: str) -> None:
        self.faults.append(fault)
        LOG.warning("%s", fault)
        self._told(fault)

    def _replace_if_grown(self) -> None:
        if self._env is None or math.isnan(self._held_mib):
            return
        now = _resident_mib(self._address)
        if now - self._held_mib > self._growth_mib:  # not if it has just ended: NaN
            place = f"simulator {self._address.host}:{self._address.port}"
            gained = f"{now - self._held_mib:,.0f} MiB more than after its first reset"
            self._note(f"{place}: it holds {now:,.0f} MiB, {gained}; replaced by another")
            self.close()

    def _postmortem(self) -> str:
        process = self._address.process
        if process is None or process.alive():
            return ""
        return f" (its process {process.pid} had ended)"


def _resident_mib(address: Address) -> float:
    """Returns what a server of ours holds with all its children; NaN for one that is not ours."""
    if address.process is None:
        return math.nan
    try:
        leader = psutil.Process(address.process.pid)
        family = [leader, *leader.children(recursive=True)]
        return float(sum(process.memory_info().rss for process in family)) / 2**20
    except psutil.NoSuchProcess:  # the next step says so
        return math.nan
