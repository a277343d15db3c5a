"""A hook on one module, which may be pickled and copied with it."""

from collections.abc import Callable
from contextlib import nullcontext

from torch import nn


class Hook:
    """Tells of the calls of one module, not of those of another that has the hook as well.

    Modules are pickled and deep-copied with their hooks. What goes along in place of this one does
    nothing, and is made of Python's own parts: a file with it can be read where rca is not
    installed.
    """

    def __init__(self, module: nn.Module, act: Callable[..., None]) -> None:
        """Prepares the hook.

        Args:
            module: Whose calls are told of.
            act: Told of them, as torch tells a module's hook.
        """
        self._module = module
        self._act = act

    def __call__(self, called: nn.Module, *rest: object) -> None:
        """Tells of a call; a shallow copy, as DataParallel's replica, is another module."""
        if called is self._module:
            self._act(called, *rest)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        """Returns how a function is made that takes any arguments and returns None."""
        return getattr, (nullcontext(), "__exit__")
