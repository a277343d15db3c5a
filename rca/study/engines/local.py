"""Trials side by side on this machine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from rca.study.forks import Forker
from rca.study.trials import Engine, OnResult, Trial, TrialResult, is_finished, run_trial


def local(workers: int = 2) -> Engine:
    """Returns an engine that runs at most so many trials at once, each on one core."""
    return partial(run_here, workers=workers)


def run_here(
    trials: Sequence[Trial],
    root: Path,
    on_result: OnResult = lambda result: None,
    *,
    workers: int = 2,
) -> list[TrialResult]:
    """Runs trials side by side; those that are finished in their folder are not run again.

    Args:
        trials: To run.
        root: Their folders are put there.
        on_result: Told each result as it comes.
        workers: At most so many at once.

    Returns:
        Results in the order of the trials.
    """
    missing = sum(not is_finished(trial, root / trial.name) for trial in trials)
    results: dict[int, TrialResult] = {}
    with ExitStack() as stack:
        free: SimpleQueue[Forker] = SimpleQueue()
        forkers = [stack.enter_context(Forker()) for _ in range(min(workers, missing))]
        for forker in forkers:  # they import side by side
            forker.ready()
            free.put(forker)

        def run(words: Sequence[str], log: Path, patience: float) -> int | None:
            forker = free.get()
            try:
                return forker.run(words, log, patience)
            finally:
                free.put(forker)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        running = {pool.submit(run_trial, trial, root, run): n for n, trial in enumerate(trials)}
        try:
            for done in as_completed(running):
                results[running[done]] = done.result()
                on_result(done.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # those under way end, the rest does not begin
            raise
    return [results[index] for index in range(len(trials))]
