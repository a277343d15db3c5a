"""Markdown: renders as meant, and foreign text opens nothing."""

import re

import pytest

from rca.report.build import build
from rca.report.figures import pictures
from rca.report.markdown import escape, to_markdown, write_markdown
from rca.report.model import Code
from rca.report.wording import tidy
from tests.judged import HOSTILE, hostile, judged, unlearned
from tests.records import healthy


@pytest.fixture(scope="module")
def text():
    return to_markdown(tidy(build([hostile()], [judged(healthy(), a__b="PASS")])))


def test_no_foreign_markup_survives(text):
    text = re.sub("^```sh$.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<" not in text
    assert not re.search(r"(?<!\\)\]\(javascript:", text)


def test_every_table_row_has_the_columns_of_its_head(text):
    widths = []
    for line in text.splitlines():
        if line.startswith("| "):
            widths.append(len(re.findall(r"(?<!\\)\|", line)))
        elif widths:
            assert len(set(widths)) == 1
            widths = []


def test_a_long_name_does_not_bury_the_report(text):
    assert "T" * 700 not in text
    assert "10,000 characters" in text


@pytest.mark.parametrize("hostile_text", HOSTILE[:4])
def test_escaping_leaves_no_active_character(hostile_text):
    assert not re.search(r"(?<!\\)[`*_\[\]$|<>]", escape(hostile_text))


def test_pictures_lie_beside_the_text(tmp_path):
    report = tidy(build([judged(unlearned())], [judged(healthy())]))
    path = write_markdown(report, pictures(report), tmp_path)
    links = re.findall(r"\]\((figures/[\w-]+\.svg)\)", path.read_text(encoding="utf-8"))
    assert len(links) >= 6
    assert all((tmp_path / link).is_file() for link in links)


def test_a_run_without_updates_shows_reasons_not_pictures(tmp_path):
    report = tidy(build([judged(unlearned())]))
    path = write_markdown(report, pictures(report), tmp_path)
    assert not (tmp_path / "figures" / "drift.svg").exists()
    assert "0 updates were executed" in path.read_text(encoding="utf-8")


def test_commands_survive_names_that_a_shell_would_run():
    record = build([hostile()])
    code = next(b for s in record.sections for b in s.blocks if isinstance(b, Code))
    assert code.lines[0].count("'") == 2
    assert "--config '<script>" in code.lines[0]
