"""The healthy configurations: whatever is accused in them is a false alarm."""

from functools import cache
from pathlib import Path

from rca.yaml_file import read_yaml

HEALTHY = Path(__file__).with_name("healthy.yaml")
PREFIX = "healthy_"
"""Of the names of their runs."""
PLAIN = "healthy_plain"
"""The preset itself, in which every fault is planted."""
FURTHER = 4
"""Runs of it beside each seed's own: what a fault does is held against them all, and a healthy run
is then not told from a faulty one by settings of its own."""


@cache
def configurations() -> dict[str, tuple[str, ...]]:
    """Returns what each changes of the preset, `key=value`, by name."""
    listed = read_yaml(HEALTHY).items()
    return {name: tuple(map(str, wanted)) for name, wanted in listed if isinstance(wanted, list)}


def elsewhere() -> dict[str, tuple[str, ...]]:
    """Returns what the configurations whose task is another change, by the names of their runs."""
    named = {f"{PREFIX}{name}": wanted for name, wanted in configurations().items()}
    return {name: wanted for name, wanted in named.items() if drives_elsewhere(f"{name}-0")}


def drives_elsewhere(run: str) -> bool:
    """Tells whether a healthy run's task is not the preset's: its distances compare with none."""
    name = run.removeprefix(PREFIX).rsplit("-", 1)[0]
    return any(setting.startswith("env.") for setting in configurations().get(name, ()))


def further(seed: int) -> list[int]:
    """Returns the seeds of these runs."""
    return [seed + 1000 * number for number in range(1, FURTHER + 1)]
