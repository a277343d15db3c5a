"""What another tool said of exported runs, as cases to be scored like our own."""

import difflib
import math
from pathlib import Path

import pandas as pd

from rca.bench.case import Case
from rca.diagnosis.cause import load_causes
from rca.errors import EvidenceError


def answered(answers: Path, truth: Path) -> list[Case]:
    """Returns the cases as another tool answered them.

    Args:
        answers: CSV with the columns run, cause, probability.
        truth: What `rca.bench.exchange.export` wrote.

    Raises:
        EvidenceError: A file is no such table, names an unknown run or cause, says something twice,
            or has words for a number.
    """
    known = _table(truth, ("run", "seed", "fault", "causes", "group"))
    said = _table(answers, ("run", "cause", "probability"))
    _once(known, ["run"], truth)
    _once(said, ["run", "cause"], answers)
    strange = sorted(set(said["run"]) - set(known["run"]))
    if strange:
        raise EvidenceError(f"{answers}: {strange[0]}: no run of {truth}")
    causes = {cause.id for cause in load_causes()}
    unknown = said[~said["cause"].isin(causes)]
    if len(unknown):
        row = unknown.iloc[0]
        nearest = difflib.get_close_matches(row["cause"], causes, n=1, cutoff=0.0)
        raise EvidenceError(
            f"{answers}: {row['run']}: no cause {row['cause']}; did you mean {nearest[0]}?"
        )
    said["probability"] = pd.to_numeric(said["probability"], errors="coerce")
    wrong = said[~said["probability"].between(0, 1)]
    if len(wrong):
        row = wrong.iloc[0]
        raise EvidenceError(f"{answers}: {row['run']}, {row['cause']}: a probability is 0 to 1")
    if not known["seed"].str.fullmatch(r"\d+").all():
        raise EvidenceError(f"{truth}: a seed is a whole number")
    said = said.sort_values("probability", ascending=False, kind="stable")
    by_run = dict(iter(said.groupby("run")))
    cases = []
    for run, seed, fault, right, group in known.itertuples(index=False):
        part = by_run.get(run, said[:0])
        ranking = tuple(zip(part["cause"], part["probability"].astype(float), strict=True))
        truths = tuple(right.split())
        cases.append(Case(f"{group}-{seed}", fault, truths, ranking, math.nan, seed=int(seed)))
    return cases


def _once(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    twice = table[table.duplicated(columns)]
    if len(twice):
        raise EvidenceError(f"{path}: {', '.join(twice.iloc[0][columns])}: twice")


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: not a CSV file: {error}") from error
    missing = [name for name in columns if name not in found]
    if missing:
        raise EvidenceError(f"{path}: lacks the column {missing[0]}")
    return found[list(columns)]
