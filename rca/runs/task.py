"""Whether a run's task is driving, by what it recorded."""

import re
from collections.abc import Iterable

from rca.runs.record import RunRecord

ROADS = {
    *("carla", "driving", "highway", "lane", "lanes", "metadrive", "duckietown", "offroad", "road"),
    *("steer", "steering", "town", "towns", "vehicle", "vehicles"),
}
"""Words of a road or a car, in signals and settings. Not among them what other tasks have as well:
speed (robots), waypoint (drones), car (MountainCar), throttle (of a loop)."""
MISHAPS = {"brake", "collision", "collisions", "throttle"}
"""Words that count in a signal's name alone; a robot's settings name collision meshes."""
TASKS = {"env", "env_id", "env_name", "gym_id", "task", "task_id", "task_name"}
"""Last parts of keys whose value names the task."""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
"""A word of `lane_touch`, `laneInvasion` or `LANE`."""
COUNTED = (
    "episodes.collisions",
    "episodes.distance",
    "evaluations.mean_collisions",
    "evaluations.mean_distance",
)
ENDINGS = {"collision", "off_road", "wrong_way"}


def drives(run: RunRecord) -> bool:
    """Tells whether the questions about driving concern a run.

    Our own runs drive. A watched trainer may do anything, so it drives if its record shows that:
    by a word of ROADS in a signal's name or a setting, by collisions, a distance along a route, or
    an episode that ended off the road. So does a recording that names its task (`env_id`) in
    words of its own; any other recording is asked, as rca is made for them.
    """
    if run.kind == "rca":
        return True
    is_another = bool(run.provenance.get("watched")) or any(_tasks(run))
    return not is_another or shows_driving(run)


def shows_driving(run: RunRecord) -> bool:
    """Tells whether a run's record itself shows a road or a car."""
    if run.kind == "rca":
        return True
    if any(map(run.has, COUNTED)) or ENDINGS & set(run.episodes["end_reason"].dropna()):
        return True
    logged = _words(text for s in run.signals.values() for text in (s.name, s.tag))
    return bool(logged & (ROADS | MISHAPS) or _words(_settings(run)) & ROADS)


def _tasks(run: RunRecord) -> Iterable[str]:
    for key, value in run.config.items():
        if _own(key).rpartition(".")[2].lower() in TASKS and isinstance(value, str) and value:
            yield value


def _settings(run: RunRecord) -> Iterable[str]:
    """Yields keys and texts, without the names of files and of folders."""
    for key, value in run.config.items():
        yield _own(key)
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, str) and not set(item) & {"/", "\\"}:
                yield item


def _own(key: str) -> str:
    """Returns a key without the file that it is from."""
    return key.rpartition(":")[2]


def _words(texts: Iterable[str]) -> set[str]:
    return {word.lower() for text in texts for word in WORD.findall(text)}
