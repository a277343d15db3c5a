"""YAML from outside: read with the safe loader, bounded, every trouble one line."""

from pathlib import Path

import yaml

from rca.encoding import read_text
from rca.errors import UsageError

MAX_BYTES = 1_000_000
"""A config is a page of text; anything larger is not one."""
MAX_NODES = 100_000
"""Values after aliases are followed: a few lines of nested aliases stand for billions."""


def read_yaml(path: Path) -> dict[str, object]:
    """Returns a YAML file's top-level mapping, {} for an empty file.

    Raises:
        UsageError: Unreadable, too large, not YAML, or not a mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES:,} bytes; not a config")
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    tree = parse_yaml(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise UsageError(f"{path}: expected `key: value` lines, found {type(tree).__name__}")
    return tree


class _Loader(yaml.SafeLoader):
    """The safe loader, and the one object that Stable-Baselines3's zoo writes its settings as."""


def _ordered(loader: yaml.SafeLoader, node: yaml.Node) -> dict[object, object]:
    """Returns an `OrderedDict([[key, value], ...])` as a mapping; nothing is called."""
    try:
        given = loader.construct_sequence(node, deep=True)  # type: ignore[arg-type]
        return dict(given[0]) if given else {}
    except (TypeError, ValueError) as error:
        raise yaml.YAMLError(f"an OrderedDict that holds no pairs: {error}") from error


_Loader.add_constructor("tag:yaml.org,2002:python/object/apply:collections.OrderedDict", _ordered)


def parse_yaml(text: str, source: str) -> object:
    """Returns the value of a YAML text.

    Args:
        text: Not trusted.
        source: Named in errors: a file or an option.

    Raises:
        UsageError: Not YAML, a value that its type cannot hold, or too many values.
    """
    try:
        tree = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = " ".join(str(error).split())
        raise UsageError(f"{source}: not valid YAML: {line}") from error
    _refuse_explosion(tree, source)
    return tree


def _refuse_explosion(tree: object, source: str) -> None:
    waiting, seen = [tree], 0
    while waiting:
        node = waiting.pop()
        seen += 1
        if seen > MAX_NODES:
            raise UsageError(f"{source}: more than {MAX_NODES:,} values once aliases are followed")
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list | tuple | set):
            waiting.extend(node)
