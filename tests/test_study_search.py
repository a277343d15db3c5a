"""Searching for the smallest fix, going on with what was run, and a page made again from its data.

The runs are real run folders, written by the recorder; only the training is left out, so that the
distance that each arm drives is known beforehand.
"""

import json

import pandas as pd
import pytest

from rca.errors import EvidenceError, UsageError
from rca.runs.folder import RunWriter
from rca.runs.record import EVALUATION_COLUMNS, Outcome
from rca.study.design import full, one_at_a_time
from rca.study.factors import differing, parse_end
from rca.study.report import write_study
from rca.study.saved import OUTCOMES, STUDY, save, saved
from rca.study.search import run_auto, run_until_fixed
from rca.study.study import Study, run_study
from rca.study.trials import TrialResult, alone_in

KEYS = {"tau": 0.5, "actor_lr": 0.01, "batch_size": 64, "discount": 0.5}


def a_study(names, design=one_at_a_time, seeds=(1, 2)):
    broken = [f"agent.{name}={KEYS[name]}" for name in names]
    before = parse_end("quick", broken)
    factors = tuple(differing(before, parse_end("quick")))
    arms = design([factor.name for factor in factors])
    return Study("known", before, factors, tuple(arms), seeds)


def recorder(distance, ran):
    """Returns an engine that records what a run with these settings drives, and notes its name."""

    def engine(trials, root, on_result):
        results = []
        for trial in trials:
            ran.append(trial.name)
            broken = {k for k in KEYS if getattr(trial.config.agent, k) == KEYS[k]}
            (root / f"{trial.name}.yaml").write_text(trial.config.to_yaml())
            extra = {"changes": list(trial.faults)}
            writer = RunWriter.create(root / trial.name, trial.config, extra)
            driven = distance(broken) + trial.config.budget.seed
            row = dict.fromkeys(EVALUATION_COLUMNS, 0.0) | {"mean_distance": driven}
            writer.evaluation(row)
            writer.finish(Outcome("finished", 1, 1, 0, 0))
            results.append(TrialResult(trial, root / trial.name))
            on_result(results[-1])
        return results

    return engine


def test_a_clear_cut_outcome_is_searched_and_what_is_found_is_proven_at_both_ends(tmp_path):
    ran: list[str] = []
    engine = recorder(lambda broken: 0.0 if "tau" in broken else 100.0, ran)
    found = run_auto(a_study(KEYS), tmp_path, engine)
    assert found.said == "Smallest set that fixes the run, by delta debugging: tau."
    assert len(found.study.arms) < len(one_at_a_time(list(KEYS)))
    page = write_study(found, tmp_path / "page", "rca study").read_text()
    assert "**Root cause: tau (+100 m).**" in page
    assert found.said in page


def test_the_search_alone_stops_at_the_smallest_set_and_has_a_page(tmp_path):
    engine = recorder(lambda broken: 0.0 if {"tau", "actor_lr"} & broken else 100.0, [])
    found = run_until_fixed(a_study(KEYS), tmp_path, engine)
    assert found.said.endswith("by delta debugging: actor_lr, tau.")
    assert "actor_lr, tau" in write_study(found, tmp_path / "page", "rca study").read_text()


def test_where_the_outcome_is_not_clear_cut_the_design_is_run(tmp_path):
    study = a_study(KEYS)
    found = run_auto(study, tmp_path, recorder(lambda broken: 50.0 - len(broken), []))
    assert set(found.study.arms) == set(study.arms)
    assert "not clear-cut" in found.said
    alone = run_until_fixed(study, tmp_path, recorder(lambda broken: 50.0, []))
    assert len(alone.study.arms) == 2
    assert write_study(alone, tmp_path / "page", "rca study").is_file()


def test_a_search_longer_than_the_design_gives_way_to_it(tmp_path):
    engine = recorder(lambda broken: 100.0 * (not broken), [])  # every factor is needed
    found = run_auto(a_study(KEYS), tmp_path, engine)
    assert "was given up" in found.said
    assert set(one_at_a_time(list(KEYS))) <= set(found.study.arms)


def test_more_seeds_and_more_factors_run_only_what_is_new(tmp_path):
    ran: list[str] = []

    def distance(broken):
        return 100.0 - 10 * len(broken)

    run_study(a_study(["tau", "actor_lr"], full), tmp_path, recorder(distance, ran))
    assert len(ran) == 8
    run_study(a_study(["tau", "actor_lr"], full, (1, 2, 3)), tmp_path, recorder(distance, ran))
    assert len(ran) == 12
    wider = a_study(["tau", "actor_lr", "discount"], full, (1, 2, 3))
    table = run_study(wider, tmp_path, recorder(distance, ran))
    assert len(ran) == 24  # half of the eight arms are those of the narrower study
    assert table["distance"].tolist() == [
        100.0 - 10 * (3 - len(arm)) + seed for seed in wider.seeds for arm in wider.arms
    ]


def test_arms_with_long_names_do_not_share_a_folder():
    study = a_study(KEYS, full)
    wide = [f"factor_with_a_long_name_{n}" for n in range(10)]
    factors = tuple(pd.Series(wide).map(lambda name: type(study.factors[0])(name)))
    arms = tuple(full(wide))
    names = {t.name for t in Study("wide", study.before, factors, arms, (1,)).trials()}
    assert len(names) == len(arms)


def test_two_studies_do_not_run_in_one_folder(tmp_path):
    with alone_in(tmp_path), pytest.raises(UsageError, match="another study or benchmark"):
        run_study(a_study(["tau"]), tmp_path, recorder(lambda broken: 1.0, []))


def test_a_page_is_made_again_from_its_data_word_for_word(rca_here, tmp_path):
    engine = recorder(lambda broken: 100.0 - 30 * len(broken), [])
    found = run_auto(a_study(KEYS), tmp_path, engine)
    folder = tmp_path / "page"
    page = write_study(found, folder, "rca study a b")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    page.unlink()
    done = rca_here("study", str(folder))
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after.pop("report.html")
    assert after == before


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (STUDY, lambda text: text[:100], "not the data of a study"),
        (STUDY, lambda text: text.replace('"seeds"', '"sedes"'), "seeds: Field required"),
        (STUDY, lambda text: text.replace('"name": "tau"', '"name": 7'), "valid string"),
        (OUTCOMES, lambda text: text.replace("none", "some"), "does not fit study.json"),
        (OUTCOMES, lambda text: text.replace("distance", "way"), "does not fit study.json"),
        (OUTCOMES, lambda text: "\n".join(text.splitlines()[:2]), "arms or seeds are missing"),
        (OUTCOMES, lambda text: "", "does not fit study.json"),
    ],
)
def test_damaged_data_is_one_line(name, damage, message, tmp_path):
    engine = recorder(lambda broken: 50.0, [])
    found = run_until_fixed(a_study(["tau"]), tmp_path / "runs", engine)
    save(found, {}, tmp_path, "rca study")
    path = tmp_path / name
    path.write_text(damage(path.read_text()))
    with pytest.raises(EvidenceError, match=message) as caught:
        saved(tmp_path)
    assert "\n" not in str(caught.value)


def test_the_page_of_another_study_is_not_written_over(rca_here, tmp_path):
    (tmp_path / STUDY).write_text(json.dumps({"study": {"name": "other"}}))
    done = rca_here("study", "quick", "quick+target_frozen", "--out", str(tmp_path))
    assert done.returncode == 2
    assert "holds the study other; choose another --out" in done.stderr
