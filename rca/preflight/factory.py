"""MODULE:FACTORY: a function of the user's, imported from the folder he stands in."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rca.errors import UsageError


def load_factory(text: str) -> Callable[..., Any]:
    """Returns the function that `package.module:function` names.

    Raises:
        UsageError: It is not written so, or cannot be imported or called; says which.
    """
    module, colon, name = text.partition(":")
    if not colon or not module or not name:
        raise UsageError(f"{text}: write it as package.module:function")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise UsageError(f"{text}: cannot be imported from {here}: {error}") from error
    except AttributeError as error:
        raise UsageError(f"{text}: {module} has no {name}") from error
    except Exception as error:  # user code may raise anything while it is imported
        raise UsageError(f"{text}: importing it raised {type(error).__name__}: {error}") from error
    if not callable(found):
        raise UsageError(f"{text}: it is no function but a {type(found).__name__}")
    return found  # type: ignore[no-any-return]
