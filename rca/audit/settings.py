"""A config file's settings, each with the line that declares it; YAML, JSON or TOML."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rca.encoding import read_text
from rca.errors import EvidenceError, UsageError
from rca.runs.json_file import read_json
from rca.yaml_file import MAX_BYTES, read_yaml

Key = tuple[str, ...]
MERGE = "tag:yaml.org,2002:merge"


@dataclass(frozen=True)
class Setting:
    """One declared value.

    Attributes:
        file: That declares it.
        key: Its sections and its name, outermost first.
        value: As the parser of the format reads it.
        line: Of the key, counted from 1; of its section where the key cannot be placed.
    """

    file: Path
    key: Key
    value: object = field(hash=False)  # a list has no hash
    line: int

    @property
    def dotted(self) -> str:
        """The key as it is written in messages."""
        return ".".join(self.key)


@dataclass(frozen=True)
class Hidden:
    """A key that stands twice in one section: of the two values the later is in force."""

    file: Path
    key: Key
    line: int
    hidden_by: int


@dataclass(frozen=True)
class Settings:
    """What one file declares.

    Attributes:
        file: Read.
        leaves: Values in the order of the file.
        hidden: Keys that a later one of the same section overrides without a word.
    """

    file: Path
    leaves: tuple[Setting, ...]
    hidden: tuple[Hidden, ...] = ()


def read_settings(path: Path) -> Settings:
    """Returns a config file's settings.

    Raises:
        UsageError: Unreadable, too large, not of its format, or no mapping; names file and line.
    """
    tree = _tree(path)
    text = read_text(path)
    if path.suffix.lower() == ".toml":
        lines = _toml_lines(text)
        hidden: list[Hidden] = []  # its parser refuses a key that stands twice
    else:
        lines, hidden = _yaml_lines(text, path)
    leaves = (Setting(path, key, value, _line(lines, key)) for key, value in _leaves(tree))
    return Settings(path, tuple(leaves), tuple(hidden))


def _tree(path: Path) -> Mapping[object, object]:
    if not path.is_file():
        raise UsageError(f"{path}: no such file; give a YAML, JSON or TOML config")
    suffix = path.suffix.lower()
    if suffix not in (".json", ".toml"):
        return dict(read_yaml(path).items())
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES:,} bytes; not a config")
        tree = tomllib.loads(read_text(path)) if suffix == ".toml" else read_json(path)
    except EvidenceError as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not valid {suffix[1:].upper()}: {error}") from error
    if not isinstance(tree, Mapping):
        raise UsageError(f"{path}: expected an object of settings, found {type(tree).__name__}")
    return tree


def _leaves(tree: Mapping[object, object], above: Key = ()) -> Iterator[tuple[Key, object]]:
    """Yields values by key; lists and empty sections are values."""
    for name, value in tree.items():
        key = (*above, str(name))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, key)
        else:
            yield key, value


def _line(lines: Mapping[Key, int], key: Key) -> int:
    """Returns where a key stands, or the innermost section of it that could be placed."""
    return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), 1)


def _yaml_lines(text: str, path: Path) -> tuple[dict[Key, int], list[Hidden]]:
    """Returns the line of each key, and keys that are hidden by a later one of their section.

    JSON is YAML but for tabs, which may stand between its tokens only.
    """
    text = text.replace("\t", " ") if path.suffix.lower() == ".json" else text
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}, []  # its own parser has read the file; only the places are lost
    lines: dict[Key, int] = {}
    hidden: list[Hidden] = []
    if isinstance(root, yaml.MappingNode):
        _walk(root, (), path, lines, hidden)
    return lines, hidden


def _walk(
    node: yaml.MappingNode, above: Key, path: Path, lines: dict[Key, int], hidden: list[Hidden]
) -> None:
    for name, value in node.value:
        if name.tag == MERGE or not isinstance(name, yaml.ScalarNode):
            continue
        key, line = (*above, str(name.value)), name.start_mark.line + 1
        if key in lines:
            hidden.append(Hidden(path, key, lines[key], line))
        lines[key] = line
        if isinstance(value, yaml.MappingNode):
            _walk(value, key, path, lines, hidden)


_TABLE = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]")
_ENTRY = re.compile(r"""^\s*([A-Za-z0-9_."' -]+?)\s*=""")


def _toml_lines(text: str) -> dict[Key, int]:
    """Returns the line of each key; keys within inline tables stand on their table's line."""
    lines: dict[Key, int] = {}
    section: Key = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if table := _TABLE.match(line):
            section = _parts(table[1])
            lines.setdefault(section, number)
        elif entry := _ENTRY.match(line):
            lines.setdefault((*section, *_parts(entry[1])), number)
    return lines


def _parts(dotted: str) -> Key:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
