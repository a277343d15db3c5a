"""A study judged more than once: few seeds first, more where these leave a cause open."""

from dataclasses import replace
from pathlib import Path

from rca.study.attribution import Answer
from rca.study.saved import name_in, saved
from rca.study.search import Searched
from rca.study.study import MEASURES, Study, analysed, run_study
from rca.study.trials import Engine, OnResult, TrialResult

DECIDES = MEASURES[0]


def run_in_looks(
    study: Study, root: Path, engine: Engine, on_result: OnResult = lambda result: None
) -> Searched:
    """Runs a study up to the first of its looks that leaves nothing open.

    A study that is looked at, given more seeds and looked at again names something by chance
    oftener than its level says (Armitage, McPherson and Rowe 1969). So the looks are planned, and
    each has its share of the level (`attribute`).

    Args:
        study: With `looks`, none of them beyond its seeds.
        root: Folder of the runs.
        engine: Runs them.
        on_result: Told each run once, as it comes.
    """
    told = set[Path]()

    def tell(result: TrialResult) -> None:
        if result.folder not in told:
            told.add(result.folder)
            on_result(result)

    for number in study.looks:
        part = replace(study, seeds=study.seeds[:number])
        found = Searched(part, run_study(part, root, engine, tell))
        if not is_open(found):
            break
    return replace(found, said=_said(found))


def is_open(found: Searched) -> bool:
    """Whether more seeds are worth their time: no cause is named yet, or one only in part.

    A factor of which nothing is known beside a cause is left alone: to show that it does nothing
    takes far more seeds than to find what does.
    """
    answers = {
        item.answer
        for context in found.study.contexts
        for item in analysed(found.study, found.table, DECIDES, context)
    }
    return Answer.CAUSE not in answers or Answer.CONTRIBUTES in answers


def judged_before(folder: Path, study: Study) -> str:
    """Returns a sentence where a page in the folder judged this study on fewer seeds, else ""."""
    if name_in(folder) != study.name or study.looks:
        return ""
    earlier = saved(folder)[0].study
    if earlier.looks or not set(earlier.seeds) < set(study.seeds):
        return ""
    return (
        f"This study was judged before, on {len(earlier.seeds)} of these {len(study.seeds)} seeds: "
        "judged twice, it names something by chance oftener than the level says. Plan it with "
        f"--look {len(earlier.seeds)} --look {len(study.seeds)} to have that counted."
    )


def _said(found: Searched) -> str:
    planned, seeds = found.study.looks, len(found.study.seeds)
    asked = ", ".join(map(str, planned[:-1])) + f" and {planned[-1]}"
    ended = f"after {seeds}, which left no cause open" if seeds < planned[-1] else "at the last"
    return (
        f"Looks were planned at {asked} seeds, each with its share of the error; the study ended "
        f"{ended}."
    )
