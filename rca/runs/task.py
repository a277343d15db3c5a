"""Whether a run's task is driving, by what it recorded."""

import re
from collections.abc import Iterable

from rca.runs.record import RunRecord

WORDS = re.compile(
    r"carla|collision|steer|throttle|brake|vehicle|waypoint"
    r"|(?<![a-z])(?:lanes?|off_?road|town\d+(?:hd)?(?:_opt)?)(?![a-z])",
    re.IGNORECASE,
)
"""Names of a road, of a car's controls and of its mishaps; robots have a "speed" as well."""
ENDINGS = {"collision", "off_road", "wrong_way"}
OURS = "env/speed"
"""What `rca.watch` calls a speed that it is told, and the importers a car's tag of one."""


def drives(run: RunRecord) -> bool:
    """Tells whether anything in a record says that its task is driving.

    Our own runs drive. A foreign record says so by its signals, settings or endings: by
    a word of WORDS in a signal's name, a setting's key or its value; by a speed, a distance
    along a route, or an episode that ended off the road.
    """
    if run.kind == "rca" or OURS in run.signals or run.has("episodes.distance"):
        return True
    if run.has("episodes.collisions") or ENDINGS & set(run.episodes["end_reason"].dropna()):
        return True
    return any(WORDS.search(text) for text in _texts(run))


def _texts(run: RunRecord) -> Iterable[str]:
    for signal in run.signals.values():
        yield signal.name
        yield signal.tag
    for key, value in run.config.items():
        yield key
        if isinstance(value, str):
            yield value
