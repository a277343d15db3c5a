"""Trajectories: a list of episodes, each a list of objects with speed, position and controls."""

from pathlib import Path

import numpy as np

from rca.encoding import opened
from rca.errors import EvidenceError
from rca.runs.json_file import plain_float, read_json
from rca.runs.part import Importer, Options, Part
from rca.runs.record import Signal

SIGNALS = {
    "speed": ("env/speed", "m/s"),
    "steer": ("action/steer", "1"),
    "throttle": ("action/throttle", "1"),
    "brake": ("action/brake", "1"),
    "acceleration": ("env/acceleration", "m/s^2"),
    "lateral_accel": ("env/lateral_acceleration", "m/s^2"),
    "x": ("env/x", "m"),
    "y": ("env/y", "m"),
}
"""Their keys: our signals. Speeds are m/s in the files of this kind seen so far."""


def recognises(path: Path) -> bool:
    """Tells by a JSON file that starts with two brackets and a key of a trajectory point."""
    if path.suffix.lower() != ".json":
        return False
    with opened(path) as file:
        head = "".join(file.read(1024).split())
    return head.startswith("[[{") and '"speed"' in head


def read(path: Path, options: Options) -> Part:
    """Returns the signals over steps and the lengths of the episodes.

    Raises:
        EvidenceError: Not JSON or not lists of lists of objects.
    """
    del options
    tree = read_json(path)
    if not isinstance(tree, list) or not all(_is_trajectory(item) for item in tree):
        raise EvidenceError(f"{path}: expected a list of lists of objects; mend or remove the file")
    points = [point for trajectory in tree for point in trajectory]
    steps = np.arange(1, len(points) + 1, dtype=np.int64)
    gaps: list[str] = []
    signals = []
    for key, (name, unit) in SIGNALS.items():
        if any(key in point for point in points):
            values = np.array([plain_float(point.get(key)) for point in points], dtype=np.float64)
            signals.append(Signal(name, unit, steps, values, key))
            missing = int(np.isnan(values).sum())
            if missing:
                gaps.append(f"{path.name}: {key}: {missing} of {len(points)} values are missing")
    lengths = np.array([len(trajectory) for trajectory in tree], dtype=np.float64)
    return Part(path, signals=tuple(signals), episodes={"length": lengths}, gaps=tuple(gaps))


def _is_trajectory(item: object) -> bool:
    return isinstance(item, list) and all(isinstance(point, dict) for point in item)


IMPORTER = Importer("trajectories", recognises, read)
