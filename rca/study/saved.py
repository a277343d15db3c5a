"""A study's page as data: study.json and outcomes.csv, written, and read to analyse again."""

import json
import math
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from rca.errors import EvidenceError
from rca.study.attribution import Attribution
from rca.study.design import label
from rca.study.search import Searched
from rca.study.study import COLUMNS, SECONDS, Study

STUDY = "study.json"
OUTCOMES = "outcomes.csv"
LARGEST = 50_000_000
"""Bytes of a file that is read; a study of 1,000 runs has 0.5 MB."""
_STUDY = TypeAdapter(Study)


def save(found: Searched, answers: dict[str, list[Attribution]], folder: Path, how: str) -> None:
    """Writes both files.

    Args:
        found: What was run.
        answers: Of what decides, by context.
        folder: Exists.
        how: The command that made the runs.
    """
    study = _STUDY.dump_python(found.study, mode="json")
    study["arms"] = [sorted(arm) for arm in study["arms"]]
    study["contexts"] = {name: sorted(arm) for name, arm in study["contexts"].items()}
    data = {
        "made_by": how,
        "said": found.said,
        "study": study,
        "answers": {name: [asdict(item) for item in items] for name, items in answers.items()},
    }
    text = json.dumps(finite(data), indent=1, allow_nan=False)
    (folder / STUDY).write_text(text + "\n", encoding="utf-8")
    found.table.drop(columns="arm").to_csv(folder / OUTCOMES, index=False)


def saved(folder: Path) -> tuple[Searched, str]:
    """Returns what `save` wrote, and the command that made the runs.

    Raises:
        EvidenceError: A file is missing or damaged, or the two do not belong together.
    """
    path = folder / STUDY
    try:
        data = json.loads(_text(path))
        study, how, said = data["study"], str(data["made_by"]), str(data["said"])
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceError(f"{path}: not the data of a study: {error!r}") from error
    try:
        made = _STUDY.validate_python(study)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise EvidenceError(f"{path}: {where}: {first['msg']}") from error
    return Searched(made, _outcomes(made, folder / OUTCOMES), said), how


def name_in(folder: Path) -> str | None:
    """Returns the name of the study whose page stands in a folder; None if there is none."""
    try:
        return str(json.loads(_text(folder / STUDY))["study"]["name"])
    except (EvidenceError, ValueError, KeyError, TypeError):
        return None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise EvidenceError(f"{path}: larger than {LARGEST:,} bytes, so not a study's")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise EvidenceError(f"{path}: not UTF-8") from error


def _outcomes(study: Study, path: Path) -> pd.DataFrame:
    _text(path)
    try:
        table = pd.read_csv(path, dtype={"label": str, "error": str, "folder": str})
        # Pages of earlier versions do not hold how long a run took.
        table[SECONDS] = table.get(SECONDS, math.nan)
        table = table.astype({"seed": "int64", **dict.fromkeys((*COLUMNS, SECONDS), "float64")})
        arms = {label(arm, study.names): arm for arm in study.arms}
        table.insert(0, "arm", [arms[name] for name in table["label"]])
        seeds = set(table["seed"])
        table["error"] = table["error"].fillna("")
        table["folder"] = table["folder"].fillna("")
    except (ValueError, KeyError, pd.errors.ParserError) as error:
        raise EvidenceError(f"{path}: does not fit {STUDY} beside it: {error}") from error
    if seeds != set(study.seeds) or set(table["arm"]) != set(study.arms):
        raise EvidenceError(f"{path}: does not fit {STUDY} beside it: arms or seeds are missing")
    return table


def finite(value: object) -> object:
    """Returns plain data with null for what is not measured: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
