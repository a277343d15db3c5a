"""Factors: what differs between a failing and a fixed configuration, one name each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rca.config import RunConfig, flatten, load_config
from rca.errors import UsageError
from rca.faults import find_fault

Arm = frozenset[str]
"""Names of the factors that stand at their fixed level; the empty one is the failing end."""
NOT_FACTORS = ("budget.", "probes.")
"""Keys that decide how a run is made and looked at, not what it learns; both ends share them."""


@dataclass(frozen=True)
class End:
    """One end of a study.

    Attributes:
        config: Its settings.
        faults: Ids of faults planted in it.
    """

    config: RunConfig
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factor:
    """One thing that differs between the ends.

    Attributes:
        name: Short, for folders and tables.
        before: Settings by dotted key at the failing end.
        after: The same keys at the fixed end.
        faults_before: Planted at the failing end alone.
        faults_after: Planted at the fixed end alone.
        note: One line for the report: where it comes from.
    """

    name: str
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)
    faults_before: tuple[str, ...] = ()
    faults_after: tuple[str, ...] = ()
    note: str = ""

    def levels(self) -> tuple[str, str]:
        """Returns what the failing and the fixed end say, for tables."""
        return _level(self.before, self.faults_before), _level(self.after, self.faults_after)


def _level(settings: Mapping[str, object], faults: Sequence[str]) -> str:
    words = [f"{key.rpartition('.')[2]} {value}" for key, value in settings.items()]
    return ", ".join([*words, *(f"fault {name}" for name in faults)]) or "as it should be"


def parse_end(text: str, overrides: Iterable[str] = ()) -> End:
    """Returns the end that `PRESET`, `FILE` or either with `+FAULT` appended names.

    Args:
        text: Such as `quick+encoders_swapped`.
        overrides: `key=value` settings on top.

    Raises:
        UsageError: No such preset, file, key or fault.
    """
    source, *faults = text.split("+")
    names = tuple(find_fault(name).id for name in faults)
    return End(load_config(source, overrides), names)


def differing(
    before: End, after: End, groups: Mapping[str, Sequence[str]] | None = None
) -> list[Factor]:
    """Returns the factors in which two ends differ: one per key, per group and per fault.

    Args:
        before: The failing end.
        after: The fixed end.
        groups: Keys that are changed together, by the name of their factor.

    Raises:
        UsageError: The ends do not differ, or a group names a key that does not.
    """
    old, new = flatten(before.config.model_dump()), flatten(after.config.model_dump())
    keys = [k for k in old if old[k] != new[k] and not k.startswith(NOT_FACTORS)]
    named = {key: name for name, members in (groups or {}).items() for key in members}
    unknown = sorted(set(named) - set(keys))
    if unknown:
        raise UsageError(f"--group: {unknown[0]} does not differ between the two ends")
    sets: dict[str, list[str]] = {}
    for key in keys:
        sets.setdefault(named.get(key, key.rpartition(".")[2]), []).append(key)
    factors = [
        Factor(name, {k: old[k] for k in members}, {k: new[k] for k in members})
        for name, members in sets.items()
    ]
    factors += _planted(before.faults, after.faults)
    if not factors:
        raise UsageError("the two ends do not differ in anything that a run learns from")
    _refuse_a_name_twice(factors, groups or {}, keys)
    return factors


def _planted(before: Sequence[str], after: Sequence[str]) -> list[Factor]:
    """Returns the faults planted at one end alone."""
    failing = [
        Factor(fault, faults_before=(fault,), note=find_fault(fault).title)
        for fault in before
        if fault not in after
    ]
    fixed = [
        Factor(fault, faults_after=(fault,), note=find_fault(fault).title)
        for fault in after
        if fault not in before
    ]
    return failing + fixed


def _refuse_a_name_twice(
    factors: Sequence[Factor], groups: Iterable[str], keys: Sequence[str]
) -> None:
    names = [factor.name for factor in factors]
    alone = {key.rpartition(".")[2] for key in keys}
    for name in groups:
        if name in alone or names.count(name) > 1:
            raise UsageError(f"--group {name}: a factor has that name; choose another")


def end_of(before: End, factors: Sequence[Factor], arm: Arm) -> End:
    """Returns the configuration of an arm: the failing end with the arm's factors fixed."""
    settings: dict[str, object] = {}
    faults = list(before.faults)
    for factor in factors:
        is_fixed = factor.name in arm
        settings |= factor.after if is_fixed else factor.before
        faults = [f for f in faults if f not in factor.faults_before + factor.faults_after]
        faults += factor.faults_after if is_fixed else factor.faults_before
    return End(_with(before.config, settings), tuple(faults))


def _with(config: RunConfig, settings: Mapping[str, object]) -> RunConfig:
    tree = config.model_dump()
    for key, value in settings.items():
        *sections, leaf = key.split(".")
        branch = tree
        for section in sections:
            branch = branch[section]
        branch[leaf] = value
    return RunConfig.model_validate(tree)
