"""What is marked is found, in order, and a broken file is named."""

import pytest

from rca.collect import collect
from rca.errors import EvidenceError, UsageError


def test_marked_objects_come_in_file_order(tmp_path):
    (tmp_path / "b.py").write_text("x = 'from b'\n")
    (tmp_path / "a.py").write_text("y = 'from a'\nz = 3\n")
    (tmp_path / "_private.py").write_text("w = 'unseen'\n")
    found = [text for text in collect(tmp_path, str) if text.startswith("from")]
    assert found == ["from a", "from b"]


@pytest.mark.parametrize("code", ["import nothing_of_that_name", "raise SystemError('x')", "def ("])
def test_a_file_that_breaks_is_named(tmp_path, code):
    (tmp_path / "broken.py").write_text(code)
    with pytest.raises(EvidenceError, match=r"broken\.py: cannot be loaded"):
        collect(tmp_path, str)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        collect(tmp_path / "none", str)
