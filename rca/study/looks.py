"""A study judged more than once: few seeds first, more where these name no cause."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rca.study.attribution import Answer
from rca.study.search import DECIDES, Searched
from rca.study.study import Study, analysed, run_study
from rca.study.trials import Engine, OnResult


def run_in_looks(
    study: Study, root: Path, engine: Engine, on_result: OnResult = lambda result: None
) -> Searched:
    """Runs a study up to the first of its looks that leaves nothing open.

    Args:
        study: With `looks`, none of them beyond its seeds.
        root: Folder of the runs.
        engine: Runs them.
        on_result: Told each run as it comes.
    """

    def of(seeds: tuple[int, ...]) -> pd.DataFrame:
        return run_study(replace(study, seeds=seeds), root, engine, on_result)

    return until_closed(study, of)


def until_closed(study: Study, of: Callable[[tuple[int, ...]], pd.DataFrame]) -> Searched:
    """Judges a study at its looks and returns it as far as it went.

    A study that is looked at, given more seeds and looked at again names something by chance
    oftener than its level says (Armitage, McPherson and Rowe 1969). So the looks are planned, and
    each has its share of the level (`attribute`).

    Args:
        study: With `looks`.
        of: Returns the runs on some seeds.
    """
    tables: list[pd.DataFrame] = []
    before = 0
    for number in study.looks:
        tables.append(of(study.seeds[before:number]))
        part = replace(study, seeds=study.seeds[:number])
        found = Searched(part, pd.concat(tables, ignore_index=True))
        before = number
        if found.table["error"].ne("").all() or not is_open(found):
            break
    return replace(found, said=_said(found))


def is_open(found: Searched) -> bool:
    """Whether more seeds are worth their time: no cause is named yet, or one only in part.

    A factor of which nothing is known beside a cause is left alone: to show that it does nothing
    takes far more seeds than to find what does.
    """
    answers = _answers(found)
    if Answer.CAUSE in answers:
        return Answer.CONTRIBUTES in answers
    return answers != {Answer.NO_EFFECT}


def _answers(found: Searched) -> set[Answer]:
    return {item.answer for item in analysed(found.study, found.table, DECIDES)}


def _said(found: Searched) -> str:
    looks, seeds = found.study.looks, len(found.study.seeds)
    planned = ", ".join(map(str, looks[:-1])) + f" and {looks[-1]}"
    if seeds == looks[-1]:
        why = "the last"
    elif Answer.CAUSE in _answers(found):
        why = "one that named a cause and left none known in part"
    elif found.table["error"].ne("").all():
        why = "as no run finished"
    else:
        why = "one that showed every factor to have no effect"
    return (
        f"Looks were planned at {planned} seeds, each with its share of the error; the study ended "
        f"after {seeds}, {why}."
    )
