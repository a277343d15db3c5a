"""Walks a Python file and notes what it reads of configs, and what it does with it."""

import ast
from pathlib import Path
from typing import TypeVar

from rca.audit.program import Found, Function, Program, Read, parameters
from rca.audit.trace import COPIES, GETTERS, UNKNOWN, Access, Names, called, key_read, trace

SAYING = {
    "print", "pprint", "debug", "info", "warning", "error", "exception", "log", "critical",
    "dump", "dumps", "safe_dump", "safe_load", "load", "save", "isinstance", "len", "repr", "str",
    "hash", "id", "type", "bool", "float", "int", "list", "tuple", "set", "sorted", "min", "max",
    "sum", "abs", "round", "range", "enumerate", "zip", "Path", "array", "tensor", "float32",
    "hasattr", "get", "pop", "setdefault", "append", "add_hparams", "add_text",
}  # fmt: skip
"""Calls that take a value without reading settings out of it."""
HARMLESS = SAYING | COPIES | GETTERS
WALKS = {"items", "values", "keys"}
CASTS = {"float", "int", "str", "bool", "tuple", "list", "Path", "array", "eval"}
K = TypeVar("K")


class Reader(ast.NodeVisitor):
    """Walks one file; what it finds goes into `found`, what it gives to calls into `given`."""

    def __init__(
        self,
        file: Path,
        program: Program,
        found: Found,
        given: dict[tuple[str, str], Access],
        returns: dict[str, Access],
    ) -> None:
        self._file, self._program, self._found = file, program, found
        self._given, self._returns = given, returns
        self._names = Names(returns=program.returns)
        self._function = ""
        self._class = ""
        self._kept: dict[int, str] = {}

    # --- scopes

    def visit_Import(self, node: ast.Import) -> None:
        """Notes a module: its attributes are no settings."""
        names = {(item.asname or item.name).partition(".")[0] for item in node.names}
        self._names.modules |= names

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Walks methods with the attributes that earlier ones have set."""
        before, self._class = (self._names, self._class), node.name
        self._names = Names({**before[0].local}, {}, before[0].returns, before[0].modules)
        self.generic_visit(node)
        self._names, self._class = before

    def visit_FunctionDef(self, node: Function) -> None:
        """Walks a body with what callers give for the parameters."""
        name = self._class if node.name == "__init__" else node.name
        given = {p: self._program.given.get((name, p), UNKNOWN) for p in parameters(node)}
        before, self._function = (self._names, self._function), node.name
        outer = before[0]
        self._names = Names({**outer.local, **given}, outer.own, outer.returns, outer.modules)
        self.generic_visit(node)
        self._names, self._function = before

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Return(self, node: ast.Return) -> None:
        """Notes what a function returns."""
        access = None if node.value is None else trace(node.value, self._names)
        if access is not None and access != UNKNOWN:
            _put(self._returns, self._function, access)
        self.generic_visit(node)

    # --- values that are kept

    def visit_Assign(self, node: ast.Assign) -> None:
        """Notes what a name stands for from here on."""
        for target in node.targets:
            self._keep(target, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Does the same for an assignment with a type."""
        if node.value is not None:
            self._keep(node.target, node.value)
            self.visit(node.value)

    def _keep(self, target: ast.expr, value: ast.expr) -> None:
        core = _without_casts(value)
        access = trace(core, self._names) or UNKNOWN
        if isinstance(target, ast.Name):
            self._names.local[target.id] = access
            self._kept[id(core)] = target.id
        elif isinstance(target, ast.Attribute):
            self._kept[id(core)] = target.attr
            _put(self._names.own, target.attr, access)

    # --- reading

    def visit_Name(self, node: ast.Name) -> None:
        """Notes that a variable is used."""
        if isinstance(node.ctx, ast.Load):
            self._found.used.add(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Notes a setting read as an attribute."""
        if isinstance(node.ctx, ast.Load):
            self._found.used.add(node.attr)
            self._note(node)
        self._descend(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Notes a setting read by its key; by a key that only running shows, the whole section."""
        is_text = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
        if isinstance(node.ctx, ast.Load) and is_text:
            self._note(node)
        elif isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Constant):
            self._hand_on(node.value)
        self._descend(node.value)
        if not is_text:
            self.visit(node.slice)

    def visit_Call(self, node: ast.Call) -> None:
        """Notes `x.get("key", default)`, and what is given to whom."""
        read = key_read(node)
        if read is not None:
            default = ast.unparse(node.args[-1]) if len(node.args) > _keys(node) else None
            absent = "None" if default is None and called(node) == "get" else default
            self._note(node, absent)
            self._descend(read[0])
            rest = node.args[_keys(node) :]
        else:
            self._give(node)
            self._descend(node.func.value if isinstance(node.func, ast.Attribute) else node.func)
            rest = node.args
        self._found.used.add(called(node))
        for item in (*rest, *(word.value for word in node.keywords)):
            if not (called(node) in SAYING and isinstance(item, ast.Constant)):
                self.visit(item)

    def _descend(self, node: ast.expr) -> None:
        """Walks what a chain of keys begins with, without noting its sections as reads."""
        if isinstance(node, ast.Attribute):
            self._found.used.add(node.attr)
            self._descend(node.value)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            self._descend(node.value)
        else:
            self.visit(node)

    def _note(self, node: ast.expr, default: str | None = None) -> None:
        access = trace(node, self._names)
        if access is not None and access.key:
            kept = self._kept.get(id(node), "")
            self._found.reads.append(Read(access, self._file, node.lineno, default, kept))

    # --- giving away

    def _give(self, node: ast.Call) -> None:
        name = called(node)
        if name in WALKS and isinstance(node.func, ast.Attribute):
            self._hand_on(node.func.value)
        params = self._program.params.get(name)
        plain = [a for a in node.args if not isinstance(a, ast.Starred)]
        pairs = [(params[i] if params and i < len(params) else "", a) for i, a in enumerate(plain)]
        pairs += [(word.arg, word.value) for word in node.keywords if word.arg is not None]
        for param, value in pairs:
            self._give_one(name, param if params and param in params else "", value)
        for word in node.keywords:
            if word.arg is None:
                self._spread(name, word.value)

    def _give_one(self, name: str, param: str, value: ast.expr) -> None:
        access = trace(value, self._names)
        if access is None:
            return
        if param:
            _put(self._given, (name, param), access)
        elif name not in HARMLESS and name not in self._program.params:
            self._hand_on(value)

    def _spread(self, name: str, value: ast.expr) -> None:
        """Handles `f(**section)`: its keys are the parameters of f."""
        access = trace(value, self._names)
        if access is None or access == UNKNOWN or name in COPIES:
            return
        params = self._program.params.get(name)
        if params is None or name in self._program.open:
            self._hand_on(value)
        for param in params or ():
            self._found.reads.append(
                Read(access.down(param), self._file, value.lineno, "its own", param)
            )

    def _hand_on(self, node: ast.expr) -> None:
        access = trace(node, self._names)
        if access is not None and access != UNKNOWN:
            self._found.whole.setdefault(access, f"{self._file}:{node.lineno}")

    # --- texts that might be keys

    def visit_For(self, node: ast.For) -> None:
        """Notes a section that is walked through."""
        self._hand_on(node.iter)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        """Notes a text."""
        if isinstance(node.value, str):
            self._found.mentions.add(node.value.lstrip("-").replace("-", "_"))

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leaves docstrings out."""
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def visit_Dict(self, node: ast.Dict) -> None:
        """Leaves out the keys of a literal: it writes them."""
        for key in node.keys:
            if key is not None and not isinstance(key, ast.Constant):
                self.visit(key)
        for value in node.values:
            self.visit(value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leaves out the texts of an f-string: they are for people."""
        for part in node.values:
            if not isinstance(part, ast.Constant):
                self.visit(part)


def _keys(node: ast.Call) -> int:
    """Returns how many arguments of a reading call name what is read."""
    return 2 if called(node) in ("getattr", "hasattr") else 1


def _put(known: dict[K, Access], name: K, access: Access) -> None:
    """Notes what a name stands for; of two different things it may be any."""
    known[name] = access if known.get(name, access) == access else UNKNOWN


def _without_casts(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Call) and called(node) in CASTS and len(node.args) == 1:
        node = node.args[0]
    return node
