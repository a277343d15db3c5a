"""examples/td3_pixels.py as a module; examples are scripts, not a package."""

import importlib.util
from pathlib import Path

PATH = Path(__file__).parents[1] / "examples" / "td3_pixels.py"
spec = importlib.util.spec_from_file_location("td3_pixels", PATH)
assert spec is not None
assert spec.loader is not None
example = importlib.util.module_from_spec(spec)
spec.loader.exec_module(example)
