"""Tables: worst first, nothing dressed up as a pass, nothing equal shown as different."""

from dataclasses import replace

from rca.checking import Verdict
from rca.report.sides import sides_of
from rca.report.tables import (
    checks_table,
    config_table,
    expected_table,
    provenance_table,
    unseen_table,
)
from tests.judged import judged, unlearned
from tests.records import blank, episodes, healthy, with_config


def pair(before, after):
    run = healthy()
    return sides_of([judged(run, **before)], [judged(run, **after)])


def test_worst_comes_first_whichever_side_it_is_on():
    verdicts = {"a": "PASS", "b": "FAIL", "c": "NOT_RUN", "d": "WARN", "e": "PASS"}
    table = checks_table(pair(verdicts, {**verdicts, "e": "FAIL"}))
    assert [row[0].text for row in table.rows] == ["B", "E", "D", "C", "A"]


def test_changed_verdicts_are_marked():
    before = {"a": "PASS", "b": "FAIL", "c": "FAIL", "d": "NOT_RUN", "e": "WARN", "f": "FAIL"}
    after = {"a": "FAIL", "b": "PASS", "c": "FAIL", "d": "PASS", "e": "WARN", "f": "VACUOUS"}
    rows = checks_table(pair(before, after)).rows
    changes = {row[0].text: row[-1].text for row in rows}
    assert changes == {
        "A": "worse", "B": "better", "C": "", "D": "judged now", "E": "", "F": "no longer judged",
    }  # fmt: skip


def test_every_verdict_is_named_and_only_a_pass_is_green():
    verdicts = {v.value.lower(): v.value for v in Verdict}
    rows = checks_table(pair(verdicts, verdicts)).rows
    badges = {row[1].badge: row[1].tone for row in rows}
    assert set(badges) == {v.value.replace("_", " ") for v in Verdict}
    assert [name for name, tone in badges.items() if tone == "good"] == ["PASS"]


def test_seeds_of_one_side_show_the_worst_and_how_often():
    runs = [judged(healthy(seed), a=v) for seed, v in enumerate(["PASS", "FAIL", "FAIL"])]
    cell = checks_table(sides_of(runs, runs)).rows[0][1]
    assert cell.badge == "FAIL 2/3"


def test_equal_settings_are_left_out_and_counted():
    before = blank(config={"a": 0.1, "b": 1, "same": "x"})
    after = blank(config={"a": 0.1 + 1e-18, "b": 2, "same": "x", "new": 0})
    table = config_table(sides_of([judged(before)], [judged(after)]))
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["b", "1", "2"],
        ["new", "not set", "0"],
    ]
    assert "2 settings equal" in table.note
    assert "declared" in table.note


def test_settings_of_our_runs_are_effective():
    sides = sides_of([judged(healthy())], [judged(with_config(healthy(), {"agent.tau": 0.01}))])
    table = config_table(sides)
    assert [cell.text for cell in table.rows[0]] == ["agent.tau", "0.005", "0.01"]
    assert "declared" not in table.note


def test_expected_ranges_are_held_against_episodes_of_their_stretch():
    run = blank(episodes=episodes([30] * 200 + [250] * 40, [-100.0] * 240))
    rows = expected_table(sides_of([judged(run)], [])).rows
    found = {(row[0].text, row[1].text): (row[3].badge, row[3].text) for row in rows}
    # 200 episodes of 30 end at step 6,000; 16 of 250 more by step 10,000
    assert found["1 to 10,000", "median length"] == ("below", "30 steps of 216 episodes")
    assert found["10,001 to 20,000", "median length"] == ("above", "250 steps of 24 episodes")
    assert found["20,001 to 30,000", "median length"][1] == "no episode ended here"
    assert found["1 to 10,000", "success"][1] == "not recorded"


def test_what_was_not_judged_is_listed_with_its_reason():
    run = replace(unlearned(), gaps=("events: truncated at byte 10",))
    sides = sides_of([judged(run, a="VACUOUS", b="PASS", c="VACUOUS", d="NOT_RUN")], [])
    rows = [[cell.text for cell in row] for row in unseen_table(sides).rows]
    assert rows == [
        ["run", "a, c", "found VACUOUS"],
        ["run", "d", "found NOT_RUN"],
        ["run", "short", "events: truncated at byte 10"],
    ]


def test_a_crash_is_listed():
    outcome = replace(healthy().outcome, status="crashed", error="RPC timed out")
    table = unseen_table(sides_of([judged(replace(healthy(), outcome=outcome))], []))
    assert [cell.text for cell in table.rows[0]] == ["run", "healthy", "RPC timed out"]


def test_a_missing_digest_is_not_invented():
    before = blank(provenance={"digest": "abc", "versions": {"torch": "2.13"}})
    after = blank(provenance={"versions": {"torch": "2.12"}})
    rows = provenance_table(sides_of([judged(before)], [judged(after)])).rows
    assert [[cell.text for cell in row] for row in rows] == [
        ["digest", "abc", "not set"],
        ["versions.torch", "2.13", "2.12"],
    ]
