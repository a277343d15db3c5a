"""Our own run folders, recognised by their database or manifest; the whole folder is read."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from rca.config import flatten
from rca.errors import EvidenceError, UsageError, printable
from rca.runs.declared import declared
from rca.runs.json_file import read_json
from rca.runs.manifest import (
    BROKEN_PROBES,
    MANIFEST,
    RESUMED,
    SCHEMA,
    WIRING,
    WITHOUT_REPLAY,
    is_written_to,
    read_manifest,
    sessions,
)
from rca.runs.notes import SET_BACK
from rca.runs.opening import CONFIG, DATABASE
from rca.runs.part import Importer, Options, Part
from rca.runs.phases import FirstUpdate, first_update, split
from rca.runs.record import (
    EPISODE_COLUMNS,
    Outcome,
    Phase,
    Signal,
)
from rca.runs.results import RESULTS
from rca.runs.tables import Tables, log_of, read_tables
from rca.wiring.facts import Wiring, read_wiring
from rca.yaml_file import read_yaml

Status = Literal["finished", "running", "interrupted", "crashed", "unknown"]
STATUSES: tuple[Status, ...] = ("finished", "running", "interrupted", "crashed")
MAX_LINE = 300
"""Characters shown of what a manifest holds, which anybody may have written."""
KILLED = "the process ended without a word (killed, out of memory, or a power failure)"


def recognises(path: Path) -> bool:
    """Tells by the name run.sqlite, or by manifest.json and a key of it."""
    if path.name != MANIFEST:
        return path.name == DATABASE
    with path.open("rb") as file:
        return b'"config_digest"' in file.read(4096)


def read(path: Path, options: Options) -> Part:
    """Returns the whole run.

    Raises:
        EvidenceError: The database is missing or damaged, or the run of a newer version.
    """
    del options
    folder = path.parent
    gaps: list[str] = []
    manifest = _optional(folder, read_manifest, gaps)
    if _whole(manifest.get("schema"), 0) not in range(SCHEMA + 1):
        raise EvidenceError(f"{path}: schema {manifest['schema']}, known is {SCHEMA}; update rca")
    doubts = [*_doubts(manifest), *_broken_probes(manifest)]
    gaps += [f"{folder / MANIFEST}: {line}" for line in doubts]
    is_running = manifest.get("status") == "running"
    is_open = (is_running or log_of(folder).exists()) and is_written_to(folder, manifest)
    live = is_running and is_open
    if is_running and not live:  # or it ended well while it was asked
        manifest = _optional(folder, read_manifest, gaps)
    tables = read_tables(folder, is_open, gaps)
    config = _config(folder, manifest, gaps)
    results = _optional(folder / RESULTS, read_json, gaps) if (folder / RESULTS).exists() else {}
    wiring = _wiring(folder / WIRING, gaps)
    outcome = _outcome(live, manifest, config, tables)
    return Part(
        source=path,
        signals=tuple(tables.signals.values()),
        episodes={name: tables.episodes[name].to_numpy() for name in EPISODE_COLUMNS},
        evaluations=tables.evaluations,
        config=config,
        results=results,
        provenance={**manifest, **_later_sessions(manifest)},
        gaps=tuple(gaps),
        outcome=outcome,
        phases=_phases(tables.counters, outcome, tables.signals, config),
        complete=True,
        wiring=wiring,
        strips=tables.strips,
        histograms=tables.histograms,
    )


def _doubts(manifest: Mapping[str, object]) -> list[str]:
    """Returns a line for each thing that keeps a run from being what it seems to be."""
    lines = []
    if back := manifest.get(SET_BACK):
        lines.append(
            f"the machine's clock was set back by {back} s during the run; started and ended do "
            "not say how long it took, nothing else depends on them"
        )
    if resumed := manifest.get(WITHOUT_REPLAY):
        lines.append(
            f"the run went on from a checkpoint without replay at step {resumed}: it is not the "
            "run that was never stopped"
        )
    return lines


def _later_sessions(manifest: Mapping[str, object]) -> dict[str, object]:
    """Returns the sessions after the first by number, each with what it has of its own."""
    found: dict[str, object] = {}
    for number, later in enumerate(sessions(manifest), 1):
        own = later.items() if isinstance(later, Mapping) else [("at", later)]
        found[str(number)] = {key: value for key, value in own if value != manifest.get(key)}
    return {RESUMED: found} if found else {}


def _broken_probes(manifest: Mapping[str, object]) -> list[str]:
    """Returns a line for each probe that raised, whatever the manifest holds in its place."""
    noted = manifest.get(BROKEN_PROBES)
    lines = [
        f"probe {found.get('signal')} broke off at step {found.get('step')}: {found.get('why')}"
        for found in (noted if isinstance(noted, list) else [])
        if isinstance(found, dict)
    ]
    return [printable(line[:MAX_LINE]) for line in lines]


def _config(folder: Path, manifest: Mapping[str, object], gaps: list[str]) -> Mapping[str, object]:
    """Returns the effective config of our trainer, the declared one of a watched trainer."""
    said = manifest.get("declared")
    if manifest.get("watched"):
        flat = flatten(said) if isinstance(said, dict) else {}
        return declared({f"watch:{key}": value for key, value in flat.items()}).config
    return _optional(folder / CONFIG, lambda file: flatten(read_yaml(file)), gaps)


def _wiring(path: Path, gaps: list[str]) -> Wiring | None:
    if not path.exists():
        return None
    content = _optional(path, read_json, gaps)
    try:
        wiring = read_wiring(content, path) if content else None
        if wiring is not None and wiring.error:
            gaps.append(f"{path}: the wiring audit broke off: {wiring.error}")
        return wiring
    except EvidenceError as error:
        gaps.append(f"{error}; left out")
        return None


def _optional(path: Path, reader: Callable[[Path], object], gaps: list[str]) -> dict[str, object]:
    try:
        content = reader(path)
    except (EvidenceError, UsageError) as error:
        gaps.append(f"{error}; left out")
        return {}
    return content if isinstance(content, dict) else {}


def _outcome(
    live: bool,
    manifest: Mapping[str, object],
    config: Mapping[str, object],
    tables: Tables,
) -> Outcome:
    recorded = manifest.get("outcome")
    said: dict[str, object] = dict(recorded) if isinstance(recorded, Mapping) else {}
    status: Status = next((s for s in STATUSES if s == manifest.get("status")), "unknown")
    error = str(manifest.get("error") or "")
    if status == "running" and not live:
        status, error = "crashed", KILLED
    seen = [int(signal.steps[-1]) for signal in tables.signals.values()]
    ends = tables.episodes["end_step"]
    seen += [int(end) for end in ends[np.isfinite(ends)].tail(1)]
    counters = tables.counters
    seen.append(counters.get("executed_steps", 0))
    executed = _whole(said.get("executed_steps"))
    return Outcome(
        status=status,
        executed_steps=max(seen) if executed is None else executed,
        planned_steps=_whole(said.get("planned_steps"), config.get("budget.steps")),
        critic_updates=_whole(said.get("critic_updates"), counters.get("critic_updates")),
        actor_updates=_whole(said.get("actor_updates"), counters.get("actor_updates")),
        error=error,
    )


def _whole(*values: object) -> int | None:
    """Returns the first value that is a whole number."""
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool)), None)


def _phases(
    counters: Mapping[str, int],
    outcome: Outcome,
    signals: Mapping[str, Signal],
    config: Mapping[str, object],
) -> tuple[Phase, ...]:
    counted = counters.get("first_update_step")
    first = None
    if counted is not None:
        first = FirstUpdate(counted, counted, counted, "counted")
    elif outcome.critic_updates != 0:
        first = first_update(signals, config)
        if first is None and outcome.critic_updates is None:
            return ()
    return split(first, outcome.executed_steps)


IMPORTER = Importer("rca run folder", recognises, read)
