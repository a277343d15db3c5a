"""Every kind of page that rca writes, in a real browser: quiet, accessible, readable, printable."""

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rca.diagnosis.diagnose import diagnose
from rca.report.answers import of_run
from rca.report.page import write_page
from rca.report.pages import checks_page, diagnosis_page, html, timeline_page
from rca.report.write import write_report
from tests.browser import (
    browser,
    errors,
    needs_axe,
    needs_browser,
    opened,
    printed,
    requested,
    serious,
    visible,
    wide,
)
from tests.judged import hostile, really_judged, unlearned
from tests.records import healthy
from tests.test_runs_strips import STRIP

__all__ = ["browser"]
pytestmark = needs_browser
REPORTS = Path(__file__).parents[1] / "reports"


@cache
def run(seed):
    """A run with curves, answers, a diagnosis and camera strips."""
    strips = (replace(STRIP, step=900, phase="random"), STRIP)
    return really_judged(replace(healthy(seed), strips=strips))


def text_page(folder, page):
    path = folder / "page.html"
    path.write_text(html(page), encoding="utf-8")
    return path


def one_run(folder):
    return write_report([run(0)], [], folder)[1]


def three_seeds_a_side(folder):
    return write_report([run(n) for n in (0, 1, 2)], [run(n) for n in (3, 4, 5)], folder)[1]


def nothing_learned(folder):
    return write_report([really_judged(unlearned())], [really_judged(unlearned())], folder)[1]


def hostile_text(folder):
    strips = (replace(STRIP, end_reason="</figcaption><script>alert(1)</script>"),)
    told = hostile(replace(healthy(), strips=strips))
    return write_report([told], [told], folder)[1]


def checks(folder):
    return text_page(folder, checks_page(of_run(run(0))))


def diagnosis(folder):
    answers = run(0)
    return text_page(folder, diagnosis_page(answers, diagnose(answers.run, answers.findings)))


def timeline(folder):
    answers = run(0)
    return text_page(folder, timeline_page(answers, diagnose(answers.run, answers.findings)))


def of_markdown(name, folder):
    shutil.copytree(REPORTS / name, folder / name)
    return write_page(folder / name / "README.md")


def study(folder):
    return of_markdown("seed-study", folder)


def benchmark(folder):
    return of_markdown("benchmark", folder)


KINDS = (
    one_run, three_seeds_a_side, nothing_learned, hostile_text, checks, diagnosis, timeline, study,
    benchmark,
)  # fmt: skip


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def path(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp(request.param.__name__))


@pytest.fixture(scope="module")
def page(browser, path):
    """The page opened once: no test here leaves it in a state that another one minds."""
    return opened(browser, path)


def test_it_asks_nobody_and_complains_of_nothing(page, path):
    assert requested(page) == [path.as_uri()]
    assert errors(page) == []
    assert visible(page, "h1")
    assert visible(page, "nav .theme")


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_accessibility_audit_finds_nothing_serious(page, theme):
    assert serious(page, theme) == []


def test_no_width_needs_sideways_scrolling(page):
    assert [width for width in (400, 1280, 1920) if wide(page, width) > width] == []


def test_every_picture_has_words(page):
    pictures = page.execute_script("return [...document.images].map(i => [i.alt, i.naturalWidth])")
    assert [alt for alt, width in pictures if len(alt) < 20 or not width] == []


def test_it_prints(page):
    assert printed(page).startswith(b"%PDF")


def test_long_tables_sort_and_filter(page):
    tables = page.execute_script("""
        return [...document.querySelectorAll('.table.filters')].map(box => {
            const rows = () => [...box.querySelectorAll('tbody tr')];
            const seen = () => rows().filter(row => !row.hidden).length;
            const order = () => rows().map(row => row.cells[0].textContent);
            const sorted = [0, 1].map(() => {
                box.querySelector('thead button').click();
                return order().join();
            });
            const input = box.querySelector('input');
            input.value = 'no row holds this';
            input.dispatchEvent(new Event('input'));
            const none = seen();
            input.value = '';
            input.dispatchEvent(new Event('input'));
            const names = order();
            return [names.length, new Set(names).size, sorted[0] === sorted[1], none, seen()];
        })""")
    for count, different, same, none, all_again in tables:
        assert not same or different < 2
        assert (none, all_again) == (0, count)
