"""rca finds out why a visual TD3 driving agent does not learn, and proves it."""

__version__ = "0.1.0"

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rca.attach.sb3 import RcaCallback
    from rca.attach.watch import watch

__all__ = ["RcaCallback", "__version__", "watch"]
_LAZY = {"watch": "rca.attach.watch", "RcaCallback": "rca.attach.sb3"}
"""Exported names and where they are: `import rca` itself loads neither torch nor pandas."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'rca' has no attribute {name!r}")
    found: object = getattr(importlib.import_module(_LAZY[name]), name)
    return found
