"""checks/README.md lists what is there."""

import runpy
from pathlib import Path

from rca.checking import load_checks

CHECKS = Path(__file__).parents[1] / "checks"


def test_the_index_is_up_to_date():
    index = runpy.run_path(str(CHECKS / "_index.py"))["index"]
    written = (CHECKS / "README.md").read_text(encoding="utf-8")
    assert written == index(load_checks([CHECKS])), "run `python checks/_index.py`"
