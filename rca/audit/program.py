"""What the code of a project defines, and what a walk over it finds."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rca.audit.trace import Access


@dataclass(frozen=True)
class Read:
    """A place that reads a config.

    Attributes:
        access: What it reads.
        file: Where.
        line: Where, counted from 1.
        default: What it takes where the key is absent, as the code spells it; None: it fails.
        kept_in: Variable or attribute that the value goes to; "" if it is used at once.
    """

    access: Access
    file: Path
    line: int
    default: str | None = None
    kept_in: str = ""


@dataclass
class Found:
    """What the walk found.

    Attributes:
        reads: Places that read a config.
        whole: Parts that are iterated or given away whole, with the place; what is read of
            them cannot be told.
        mentions: Texts in the code that might be keys.
        used: Names of variables and attributes that are read anywhere.
    """

    reads: list[Read] = field(default_factory=list)
    whole: dict[Access, str] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)


Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Program:
    """Functions and classes of the code by name, and what is known of their calls.

    Attributes:
        params: Names of a function's parameters, or of a class's constructor or fields.
        open: Functions that take any further keyword.
        given: What callers give for a parameter.
        returns: What functions return.
    """

    params: dict[str, tuple[str, ...]]
    open: set[str]
    given: dict[tuple[str, str], Access] = field(default_factory=dict)
    returns: dict[str, Access] = field(default_factory=dict)

    @classmethod
    def of(cls, trees: Iterable[ast.Module]) -> "Program":
        """Returns the functions and classes of some files."""
        program = cls({}, set())
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    program._add(node.name, node)
                elif isinstance(node, ast.ClassDef):
                    program._add_class(node)
        return program

    def _add(self, name: str, node: Function) -> None:
        self.params[name] = tuple(parameters(node))
        if node.args.kwarg:
            self.open.add(name)

    def _add_class(self, node: ast.ClassDef) -> None:
        made = [n for n in node.body if isinstance(n, Function) and n.name == "__init__"]
        if made:
            self._add(node.name, made[0])
            return
        fields = [n.target for n in node.body if isinstance(n, ast.AnnAssign)]
        self.params[node.name] = tuple(f.id for f in fields if isinstance(f, ast.Name))


def parameters(node: Function) -> Iterator[str]:
    """Yields the names of a function's parameters, `self` and `cls` left out."""
    arguments = node.args
    for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if item.arg not in ("self", "cls"):
            yield item.arg
