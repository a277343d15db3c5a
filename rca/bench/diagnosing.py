"""The benchmark's runs diagnosed, each with all that its page and its rivals need."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context

from rca.bench import by_settings, rldebugger
from rca.bench.case import Case
from rca.bench.delay import delay
from rca.bench.run import SETTINGS
from rca.build import default_build
from rca.checking import Check, Verdict, builtin_checks, load_checks, run_checks
from rca.config import RunConfig, load_config
from rca.diagnosis.diagnose import diagnose
from rca.errors import RcaError
from rca.faults import Fault, load_faults
from rca.judging import random_episodes
from rca.runs.load import load_run
from rca.runs.record import RunRecord
from rca.study.trials import TrialResult

CHUNK = 8
"""Runs that a process is given to diagnose at a time: its start takes as long as several."""


def judged(results: Sequence[TrialResult], workers: int = 1) -> list[Case]:
    """Diagnoses runs and returns the cases in order.

    Args:
        results: The runs.
        workers: Processes that do it, if there are runs for so many.
    """
    workers = min(workers, math.ceil(len(results) / CHUNK))
    if workers <= 1:
        return [_judged(result) for result in results]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        return list(pool.map(_judged, results, chunksize=CHUNK))


@cache
def _known() -> tuple[list[Check], dict[str, Fault]]:
    """Returns the checks and the faults, loaded once in each process."""
    return load_checks([builtin_checks()]), load_faults()


@cache
def _plain() -> Mapping[str, object]:
    """Returns the settings that all runs of a set have in common, by dotted key."""
    return load_config("quick", SETTINGS).flat()


def _judged(result: TrialResult) -> Case:
    checks, faults = _known()
    name, seed = result.trial.name, result.trial.config.budget.seed
    planted = result.trial.faults[0] if result.trial.faults else ""
    truth = faults[planted].causes if planted else ()
    try:
        run = load_run(result.folder)
        findings = run_checks(checks, run)
        found = diagnose(run, findings)
        waited = delay(run, checks, faults[planted]) if planted else math.nan
    except RcaError as error:
        return Case(name, planted, truth, (), error=result.error or str(error), seed=seed)
    distances = run.evaluations["mean_distance"]
    accused = {f.check for f in findings if f.verdict in (Verdict.FAIL, Verdict.WARN)}
    # That no update took place is VACUOUS, and the sign of what prevented it.
    right = [item for item in found.ranked if item.cause.id in truth]
    seen = [e.finding for item in right for e in item.evidence]
    accused |= {f.check for f in seen if f.verdict is Verdict.VACUOUS}
    wanted = faults[planted].caught_by if planted else ()
    return Case(
        name,
        planted,
        truth,
        tuple((item.cause.id, item.probability) for item in found.ranked),
        float(distances.iloc[-1]) if len(distances) else math.nan,
        seed=seed,
        delay=waited,
        rival=rldebugger.ranking(run),
        by_settings=by_settings.ranking(run.config, _plain()),
        start=_untrained(run),
        silent=tuple(check for check in wanted if check not in accused),
        in_settings=bool(planted) and shows_in_settings(faults[planted], result.trial.config),
        follows=tuple(item.cause.id for item in found.ranked if item.follows),
        weights=str(run.provenance.get("weights_digest") or ""),
        warm_up=_warm_up(run),
        unseen=bool(planted) and faults[planted].unseen,
        watched=_watched(run, checks),
    )


def _watched(run: RunRecord, checks: Sequence[Check]) -> tuple[tuple[str, float], ...]:
    """Returns the causes in order as in a trainer that is not ours, and is watched.

    Of that one no update and no step can be computed again; that it tells what its memory draws is
    taken for granted (`Watch.batch`, RcaCallback).
    """
    alone = {"recomputed": None, "world": None}
    wiring = run.wiring.model_copy(update=alone) if run.wiring else None
    foreign = replace(run, kind="recording", wiring=wiring)
    found = diagnose(foreign, run_checks(checks, foreign))
    return tuple((item.cause.id, item.probability) for item in found.ranked)


def shows_in_settings(fault: Fault, config: RunConfig) -> bool:
    """Whether a fault is a changed setting, which the recorded configuration shows."""
    build = default_build(config)
    return fault.apply(build).config != build.config


def _untrained(run: RunRecord) -> float:
    """Returns the mean distance of the evaluation before the first update, metres."""
    first = run.evaluations[run.evaluations["updates"] == 0]["mean_distance"]
    return float(first.iloc[0]) if len(first) else math.nan


def _warm_up(run: RunRecord) -> float:
    """Returns the mean distance of the training episodes before the first update, metres."""
    driven = random_episodes(run)["distance"].dropna()
    return float(driven.mean()) if len(driven) else math.nan
