"""Trials on a Ray cluster; needs the package ray."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rca.errors import UsageError
from rca.study.trials import TRIES, Engine, OnResult, Trial, TrialResult, run_trial

SLOT = "carla_slot"
"""Ray resource of which a node offers as many as it can run simulators."""
CONNECT_S = 10.0
"""Seconds in which a cluster's port has to take a connection."""


def ray(address: str | None = None, gpus: float = 0.0) -> Engine:
    """Returns an engine that gives a trial one CPU, one carla_slot and a share of a GPU.

    Args:
        address: Of a running cluster; None starts one on this machine.
        gpus: Share of a GPU per trial, in [0, 1].

    Raises:
        UsageError: Ray is not installed.
    """
    try:
        import ray as _  # noqa: F401  an optional extra
    except ImportError as error:
        raise UsageError("--engine ray: it is not installed: pip install ray") from error
    return partial(run_on_ray, address=address, gpus=gpus)


def run_on_ray(
    trials: Sequence[Trial],
    root: Path,
    on_result: OnResult = lambda result: None,
    *,
    address: str | None = None,
    gpus: float = 0.0,
) -> list[TrialResult]:
    """Runs trials on the cluster; a trial whose worker or node is lost is begun anew elsewhere.

    Args:
        trials: To run.
        root: Folder that every node sees under the same path.
        on_result: Told each result as it comes.
        address: See `ray`.
        gpus: See `ray`.

    Returns:
        Results in the order of the trials.

    Raises:
        UsageError: No node offers a carla_slot, or the cluster cannot be reached.
    """
    import ray

    is_ours = not ray.is_initialized()
    if is_ours:
        _connect(address)
    try:
        if not ray.cluster_resources().get(SLOT):  # type: ignore[no-untyped-call]
            raise UsageError(
                f"--engine ray: no node offers a {SLOT}; start nodes with "
                f"ray start --resources='{{\"{SLOT}\": 4}}'"
            )
        remote = ray.remote(num_cpus=1, num_gpus=gpus, resources={SLOT: 1}, max_retries=TRIES)
        begin = remote(run_trial)
        shared = root.resolve()
        waiting = {begin.remote(trial, shared): n for n, trial in enumerate(trials)}
        results: dict[int, TrialResult] = {}
        while len(results) < len(trials):
            (done, *_), _ = ray.wait([ref for ref, n in waiting.items() if n not in results])
            index = waiting[done]
            try:
                results[index] = ray.get(done)
            except ray.exceptions.RayError as error:
                lost = f"lost with its worker {TRIES + 1} times: {type(error).__name__}"
                trial = trials[index]
                results[index] = TrialResult(trial, shared / trial.name, lost)
            on_result(results[index])
    finally:
        if is_ours:
            ray.shutdown()
    return [results[index] for index in range(len(trials))]


def _connect(address: str | None) -> None:
    import os

    import ray

    cores = os.cpu_count() or 1
    if address is not None:
        _refuse_what_does_not_answer(address)
    try:
        if address is None:
            ray.init(num_cpus=cores, resources={SLOT: cores}, include_dashboard=False)
        else:
            ray.init(address=address)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(f"--address {address}: no Ray cluster there: {error}") from error


def _refuse_what_does_not_answer(address: str) -> None:
    """Asks the port itself first: Ray tries for more than seven minutes, with a line every 5 s.

    Raises:
        UsageError: Nothing listens at HOST:PORT.
    """
    import socket

    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return  # "auto" and the like: Ray's to find
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"--address {address}: no Ray cluster answers there: {error}") from error
