"""Stable-Baselines3 monitor files: a `#{...}` line, then `r,l,t` and a row per episode.

Documented at https://stable-baselines3.readthedocs.io (Monitor Wrapper): r is the return, l the
length in steps, t the seconds since the start; further columns are the user's `info_keywords`.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rca.errors import EvidenceError
from rca.runs.clock import STEP_SECONDS
from rca.runs.csv_file import columns_of, head_of, names_in
from rca.runs.episodes import plausible
from rca.runs.part import Importer, Options, Part
from rca.runs.record import Signal

NAMES = {"r": "return", "l": "length", "is_success": "success"}


def recognises(path: Path) -> bool:
    """Tells by the columns r, l and t behind a comment line."""
    if path.suffix.lower() != ".csv":
        return False
    first, second = head_of(path, 2)
    return first.startswith("#") and {"r", "l", "t"} <= set(names_in(second))


def read(path: Path, options: Options) -> Part:
    """Returns the episodes; `env/step_seconds` is the time between two ends, per step.

    Raises:
        EvidenceError: Unreadable or without a single row.
    """
    del options
    gaps: list[str] = []
    found = columns_of(path, gaps, comment="#")
    if not {"r", "l", "t"} <= found.keys() or not len(found["r"]):
        raise EvidenceError(f"{path}: holds no episode")
    lengths, clock = plausible(found["l"]), found["t"]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        seconds = np.diff(clock, prepend=0.0) / lengths
        ends = np.cumsum(lengths)
        valid = (seconds >= 0) & np.isfinite(seconds) & np.isfinite(ends)
        back = int(np.count_nonzero(np.diff(clock) < 0))
    if back:
        gaps.append(f"{path.name}: the clock goes back {back} times (a resumed run); no time there")
    steps = ends[valid].astype(np.int64)
    signals = (Signal(STEP_SECONDS, "s", steps, seconds[valid], "monitor t"),) if len(steps) else ()
    names = {key: NAMES.get(key, f"episode/{key}") for key in found if key != "t"}
    return Part(
        source=path,
        signals=signals,
        episodes={names[key]: found[key] for key in names},
        config=_task(path),
        gaps=tuple(gaps),
    )


def _task(path: Path) -> dict[str, object]:
    """Returns the environment's name from the first line, {} where that does not say."""
    try:
        said = json.loads(head_of(path, 1)[0].lstrip("#"))
    except (ValueError, RecursionError):
        return {}
    name = said.get("env_id") if isinstance(said, dict) else None
    return {f"{path.name}:env_id": name} if isinstance(name, str) else {}


def combine(parts: Sequence[Part]) -> Part:
    """Joins the monitors of environments that were stepped side by side.

    With n of them every step of one is n environment steps of the run, so an episode of `length`
    steps spans n * length steps of the run. Evaluations, told by their names, are left out.
    """
    training = [part for part in parts if not _of_evaluation(part)] or [*parts]
    apart = [part.source.name for part in parts if _of_evaluation(part)]
    left_out: tuple[str, ...] = ()
    if len(training) < len(parts):
        left_out = (f"{', '.join(apart)}: episodes of evaluations, left out",)
    if len(training) == 1:
        return replace(training[0], notes=(*training[0].notes, *left_out))
    parts, number = training, len(training)
    names = set.intersection(*(set(part.episodes) for part in parts))
    rows = {name: np.concatenate([part.episodes[name] for part in parts]) for name in names}
    lengths = [plausible(part.episodes["length"]) for part in parts]
    ends = np.concatenate([np.cumsum(values) for values in lengths])
    rows["end_step"] = number * ends
    rows["start_step"] = number * (ends - rows["length"])
    order = np.argsort(rows["end_step"], kind="stable")
    return Part(
        source=parts[0].source,
        episodes={name: values[order] for name, values in rows.items()},
        config={f"{parts[0].source.name}:n_envs": number, **parts[0].config},
        gaps=tuple(gap for part in parts for gap in part.gaps),
        notes=(
            f"{number} environments ran side by side: an episode spans {number} x its length",
            *left_out,
        ),
    )


def _of_evaluation(part: Part) -> bool:
    return part.source.name.lower().startswith("eval")


IMPORTER = Importer("Stable-Baselines3 monitor", recognises, read, combine=combine)
