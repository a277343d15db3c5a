import json
from typing import Any

import pandas as pd
import pytest

from rca.report.build import build
from rca.report.export import write_tables
from rca.report.wording import tidy
from tests.judged import HOSTILE, hostile, judged
from tests.records import healthy


def written(folder, format, before, after):
    files = write_tables(tidy(build([before], [after])), folder, format)
    assert all(path.parent == folder / "tables" for path in files)
    return {path.stem: path for path in files}


def test_every_table_is_written_and_read_back(tmp_path):
    before, after = judged(healthy(), a="FAIL", b="PASS"), judged(healthy(1), a="PASS", b="NOT_RUN")
    files = written(tmp_path, "csv", before, after)
    assert files.keys() == {
        "outcomes", "timeline", "causes", "checks", "expected", "unseen",
        "provenance",
    }  # fmt: skip
    checks = pd.read_csv(files["checks"]).set_index("check")
    assert [checks.at["A", name] for name in ("baseline: verdict", "fixed: verdict", "change")] == [
        "FAIL", "PASS", "better",
    ]  # fmt: skip
    assert checks.loc["B", "What to do"] == "Mend it."
    outcomes = pd.read_csv(files["outcomes"])
    assert outcomes["outcome"].tolist() == ["Return", "Episode length", "Success", "Distance"]


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_formats_hold_the_same_rows(tmp_path, format):
    if format == "parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    read: dict[str, Any] = {"csv": pd.read_csv, "parquet": pd.read_parquet}
    read["json"] = lambda path: pd.DataFrame(json.loads(path.read_text()))
    answers = judged(healthy(), a="FAIL", b="PASS")
    table = read[format](written(tmp_path, format, answers, answers)["checks"])
    assert table["check"].tolist() == ["A", "B"]
    assert table["fixed: verdict"].tolist() == ["FAIL", "PASS"]


def test_foreign_text_computes_nothing(tmp_path):
    answers = hostile()
    config = {**answers.run.config, "=cmd|' /C calc'!A0": "@SUM(1)"}
    mine = judged(healthy(), a="FAIL")
    object.__setattr__(answers.run, "config", config)
    files = written(tmp_path, "csv", answers, mine)
    table = pd.read_csv(files["configuration"], dtype=str)
    cells = [cell for column in table for cell in table[column].dropna()]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    assert HOSTILE[0] in " ".join(cells)  # text stays text; CSV has no markup
