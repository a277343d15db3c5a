"""Our own run folders, recognised by their database or manifest; the whole folder is read."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from rca.config import flatten
from rca.errors import EvidenceError, UsageError, printable
from rca.probes.histogram import Histogram
from rca.runs.declared import declared
from rca.runs.folder import SET_BACK
from rca.runs.histogram_rows import read_histograms
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
from rca.runs.opening import CONFIG, DATABASE
from rca.runs.part import Importer, Options, Part
from rca.runs.phases import FirstUpdate, first_update, split
from rca.runs.record import (
    EPISODE_COLUMNS,
    EVALUATION_COLUMNS,
    Outcome,
    Phase,
    Signal,
    Strip,
    empty_episodes,
    empty_evaluations,
)
from rca.runs.results import RESULTS
from rca.runs.strip_rows import read_strips
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
    if back := manifest.get(SET_BACK):
        gaps.append(
            f"{folder / MANIFEST}: the machine's clock was set back by {back} s during the run; "
            "started and ended do not say how long it took, nothing else depends on them"
        )
    if manifest.get(WITHOUT_REPLAY):
        gaps.append(
            f"{folder / MANIFEST}: the run went on from a checkpoint without replay at step "
            f"{manifest[WITHOUT_REPLAY]}: it is not the run that was never stopped"
        )
    gaps += [f"{folder / MANIFEST}: {line}" for line in _broken_probes(manifest)]
    is_running = manifest.get("status") == "running"
    is_open = (is_running or _log(folder).exists()) and is_written_to(folder, manifest)
    live = is_running and is_open
    if is_running and not live:  # or it ended well while it was asked
        manifest = _optional(folder, read_manifest, gaps)
    tables = _database(folder, is_open, gaps)
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


@dataclass(frozen=True)
class _Tables:
    """What is in run.sqlite."""

    counters: Mapping[str, int]
    signals: Mapping[str, Signal]
    episodes: pd.DataFrame
    evaluations: pd.DataFrame
    strips: tuple[Strip, ...]
    histograms: tuple[Histogram, ...]


def _log(folder: Path) -> Path:
    return folder / f"{DATABASE}-wal"


def _database(folder: Path, is_open: bool, gaps: list[str]) -> _Tables:
    path = folder / DATABASE
    if not path.is_file():
        raise EvidenceError(f"{path}: missing; the run recorded nothing that can be read")
    try:
        return _tables(path, is_open, gaps)
    except (sqlite3.Error, OSError, ValueError, pd.errors.DatabaseError) as error:
        raise EvidenceError(f"{path}: damaged: {error}; the run is not usable") from error


def _tables(path: Path, is_open: bool, gaps: list[str]) -> _Tables:
    with tempfile.TemporaryDirectory(prefix="rca-") as scratch:
        database = _open(path, Path(scratch), is_open)
        try:
            return _Tables(
                _counters(database),
                _signals(database),
                _table(database, "episode", EPISODE_COLUMNS, empty_episodes()),
                _table(database, "evaluation", EVALUATION_COLUMNS, empty_evaluations()),
                read_strips(database, gaps),
                read_histograms(database, gaps),
            )
        finally:
            database.close()


def _open(path: Path, scratch: Path, is_open: bool) -> sqlite3.Connection:
    """Opens a database without changing anything in its folder, which may be read-only.

    One that is open to be written, maybe in this very process, is left to SQLite: to copy it here
    would drop the writer's locks, see `rca.runs.load`. A run that was settled still is.
    """
    log = _log(path.parent)
    if not log.exists():  # closed properly: SQLite has merged its log
        return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True)
    if is_open:
        return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    for file in (path, log):  # merging the log of a killed run writes, so let it write elsewhere
        shutil.copyfile(file, scratch / file.name)
    return sqlite3.connect(scratch / path.name)


def _counters(database: sqlite3.Connection) -> dict[str, int]:
    counters = dict(database.execute("SELECT key, value FROM meta"))
    for key, value in counters.items():
        if not isinstance(value, int):
            raise ValueError(f"meta.{key} is {value!r}, not a whole number")
    return counters


def _signals(database: sqlite3.Connection) -> dict[str, Signal]:
    names = database.execute("SELECT id, name, unit FROM signal").fetchall()
    rows = pd.read_sql_query("SELECT signal, step, value FROM value ORDER BY rowid", database)
    groups = dict(tuple(rows.groupby("signal", sort=False)))
    signals = {}
    for number, name, unit in names:
        if number in groups:
            group = groups[number].sort_values("step", kind="stable")
            steps = group["step"].to_numpy(np.int64)
            signals[name] = Signal(name, unit, steps, group["value"].to_numpy(np.float64))
    return signals


def _table(
    database: sqlite3.Connection, name: str, columns: tuple[str, ...], empty: pd.DataFrame
) -> pd.DataFrame:
    rows = database.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
    if not rows:
        return empty
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(empty.dtypes))


def _outcome(
    live: bool,
    manifest: Mapping[str, object],
    config: Mapping[str, object],
    tables: _Tables,
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
