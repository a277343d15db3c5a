"""Results of a driver that does not learn (a scripted controller): totals and lists per episode."""

from collections.abc import Mapping
from pathlib import Path

from rca.errors import EvidenceError
from rca.runs.declared import leaves_of
from rca.runs.json_file import numbers, read_json
from rca.runs.part import Importer, Options, Part

COLUMNS = {
    "rewards": "return",
    "lengths": "length",
    "successes": "success",
    "collisions": "collisions",
    "lane_invasions": "episode/lane_invasions",
}


def recognises(path: Path) -> bool:
    """Tells by the top-level keys `episodes` and `metrics` of a small JSON file."""
    if path.suffix.lower() != ".json" or path.stat().st_size > 10_000_000:
        return False
    try:
        tree = read_json(path)
    except EvidenceError:
        return False
    return (
        isinstance(tree, dict)
        and isinstance(tree.get("metrics"), dict)
        and isinstance(tree.get("episodes"), dict)
        and bool(COLUMNS.keys() & tree["episodes"].keys())
    )


def read(path: Path, options: Options) -> Part:
    """Returns one row per episode; speeds are turned from km/h into m/s.

    Raises:
        EvidenceError: Not JSON.
    """
    del options
    tree = read_json(path)
    assert isinstance(tree, dict)
    gaps: list[str] = []
    lists: Mapping[str, object] = tree["episodes"]
    where = f"{path.name}: episodes"
    columns = {name: numbers(lists, key, where, gaps) for key, name in COLUMNS.items()}
    speeds = numbers(lists, "speeds_kmh", where, gaps)
    columns["episode/mean_speed"] = None if speeds is None else speeds / 3.6
    config = tree.get("config")
    return Part(
        source=path,
        episodes={name: values for name, values in columns.items() if values is not None},
        config=leaves_of(path.name, config) if isinstance(config, dict) else {},
        results=tree,
        gaps=tuple(gaps),
        provenance={"driver": "scripted"},
    )


IMPORTER = Importer("driver results", recognises, read)
