"""Which part of a config an expression stands for, as far as the code alone shows it."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rca.audit.settings import Key

LOADERS = {"safe_load", "load", "loads", "full_load", "read_yaml", "from_file"}
"""Calls whose result is a whole config file, if they belong to one of PARSERS."""
PARSERS = {"yaml", "json", "toml", "tomllib", "tomli", "OmegaConf", "ruamel", "hjson"}
GETTERS = {"get", "pop", "setdefault"}
COPIES = {
    "dict", "deepcopy", "copy", "Namespace", "SimpleNamespace", "EasyDict", "Box", "Munch",
    "DotDict", "AttrDict", "ConfigDict", "create", "to_container", "MappingProxyType",
}  # fmt: skip
"""Calls whose result holds what their first argument holds."""
OWN = {"self", "cls"}


@dataclass(frozen=True)
class Access:
    """A part of a config.

    Attributes:
        key: Sections and name, as far as the code shows them.
        from_top: Whether the first is known to be a top-level key of a file.
        by_name: How many of the first keys are attribute names, which may be objects' own.
    """

    key: Key = ()
    from_top: bool = False
    by_name: int = 0

    def down(self, name: str) -> "Access":
        """Returns the part below, read by a string."""
        return replace(self, key=(*self.key, name))

    def attribute(self, name: str) -> "Access":
        """Returns the part below, read as an attribute."""
        named = self.by_name + 1 if self.by_name == len(self.key) else self.by_name
        return Access((*self.key, name), self.from_top, named)


UNKNOWN = Access()


@dataclass
class Names:
    """What names stand for at a place in the code.

    Attributes:
        local: By variable.
        own: By attribute of `self`.
        returns: By name of a function of the code.
        modules: Names of imported modules, whose attributes are no settings.
    """

    local: dict[str, Access] = field(default_factory=dict)
    own: dict[str, Access] = field(default_factory=dict)
    returns: Mapping[str, Access] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()


def trace(node: ast.expr, names: Names) -> Access | None:
    """Returns the part of a config that an expression stands for.

    Args:
        node: Looked at.
        names: Known where it stands.

    Returns:
        None if it cannot be any; UNKNOWN if it may be the whole or any section of one.
    """
    match node:
        case ast.Name():
            return None if node.id in names.modules else names.local.get(node.id, UNKNOWN)
        case ast.Attribute():
            return _attribute(node, names)
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return _below(node.value, key, names)
        case ast.Call():
            return _call(node, names)
        case ast.BoolOp():
            return trace(node.values[0], names)
        case ast.IfExp():
            return trace(node.body, names)
    return None


def _attribute(node: ast.Attribute, names: Names) -> Access | None:
    if isinstance(node.value, ast.Name) and node.value.id in OWN:
        return names.own.get(node.attr, UNKNOWN)
    above = trace(node.value, names)
    return None if above is None else above.attribute(node.attr)


def _below(node: ast.expr, key: str, names: Names) -> Access | None:
    above = trace(node, names)
    return None if above is None else above.down(key)


def _call(node: ast.Call, names: Names) -> Access | None:
    read = key_read(node)
    if read is not None:
        return _below(read[0], read[1], names)
    name = called(node)
    if name in LOADERS and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return Access(from_top=True) if called_name(owner) in PARSERS else UNKNOWN
    if name in COPIES:
        given = [*node.args, *(word.value for word in node.keywords if word.arg is None)]
        return trace(given[0], names) if given else None
    return names.returns.get(name, UNKNOWN)


def key_read(node: ast.Call) -> tuple[ast.expr, str] | None:
    """Returns what is read from and the key of `x.get("key")` or `getattr(x, "key")`, else None."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=base, attr=name), args=[ast.Constant(value=str(key)), *_]
        ) if name in GETTERS:
            return base, key
        case ast.Call(
            func=ast.Name(id="getattr" | "hasattr"), args=[base, ast.Constant(value=str(key)), *_]
        ):
            return base, key
    return None


def called(node: ast.Call) -> str:
    """Returns the last name of what is called, "" if it has none."""
    return called_name(node.func)


def called_name(node: ast.expr) -> str:
    """Returns the last name of a dotted expression, "" if it has none."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
