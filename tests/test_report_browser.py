"""The HTML report in a real browser, from disk: no request, no error, usable by keyboard."""

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from rca.report.page import write_page
from rca.report.write import write_report
from tests.browser import (
    browser,
    errors,
    needs_browser,
    opened,
    printed,
    requested,
    visible,
    webdriver,
)
from tests.judged import hostile, judged, really_judged
from tests.records import healthy

__all__ = ["browser"]
pytestmark = needs_browser
VERDICTS = {"a": "FAIL", "b": "PASS", "c": "VACUOUS", "d": "WARN", "e": "NOT_RUN"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    fixed = {**VERDICTS, "a": "PASS"}
    folder = tmp_path_factory.mktemp("report")
    return write_report([judged(healthy(), **VERDICTS)], [judged(healthy(1), **fixed)], folder)[1]


@pytest.fixture
def page(browser, report):
    return opened(browser, report)


def rows(page):
    return [row.text.split("\n")[0] for row in visible(page, "#checks-table tbody tr")]


def test_it_loads_from_disk_without_error_or_request(page, report):
    # Curves are drawn in the first frame after loading, which a busy machine shows late.
    assert WebDriverWait(page, 30).until(lambda page: visible(page, ".canvas canvas"))
    assert requested(page) == [report.as_uri()]
    assert errors(page) == []


def test_hostile_recordings_run_nothing(browser, tmp_path):
    path = write_report([hostile()], [hostile()], tmp_path)[1]
    page = opened(browser, path)
    assert requested(page) == [path.as_uri()]
    assert errors(page) == []
    assert visible(page, ".canvas canvas")
    assert page.execute_script("return document.querySelectorAll('main img[onerror]').length") == 0


def test_checks_are_filtered_by_word_and_by_verdict(page):
    assert rows(page) == ["A", "D", "C", "E", "B"]
    page.find_element(By.CSS_SELECTOR, "#checks-table input").send_keys("found warn")
    assert rows(page) == ["D"]
    page.find_element(By.CSS_SELECTOR, "#checks-table input").send_keys(Keys.CONTROL, "a")
    page.find_element(By.CSS_SELECTOR, "#checks-table input").send_keys(Keys.DELETE)
    chips = {chip.text: chip for chip in visible(page, "#checks-table .tools button")}
    chips["changed"].click()
    assert rows(page) == ["A"]
    chips["VACUOUS"].click()
    assert rows(page) == ["A", "C"]


def test_checks_are_sorted_by_a_click_and_back(page):
    head = page.find_element(By.CSS_SELECTOR, "#checks-table thead button")
    head.click()
    assert rows(page) == ["A", "B", "C", "D", "E"]
    head.send_keys(Keys.ENTER)
    assert rows(page) == ["E", "D", "C", "B", "A"]
    cell = page.find_element(By.CSS_SELECTOR, "#checks-table thead th")
    assert cell.get_attribute("aria-sort") == "descending"


def test_arrows_move_one_cursor_through_all_step_panels(page):
    canvas = page.find_element(By.CSS_SELECTOR, "#gradients-figure .canvas")
    canvas.send_keys(Keys.ARROW_LEFT)
    at = {e.text for e in visible(page, "#gradients-figure .at, #episode-length-figure .at")}
    assert len(at) == 1
    assert at.pop().startswith("step 1")
    values = [e.text for e in visible(page, "#gradients-figure .legend .value")]
    assert len(values) == 8
    assert all(float(value) > 0 for value in values)


def test_hovering_tells_the_measured_value(page):
    canvas = page.find_element(By.CSS_SELECTOR, "#drift-figure .canvas .u-over")
    webdriver.ActionChains(page).move_to_element(canvas).perform()
    step = page.find_element(By.CSS_SELECTOR, "#drift-figure .at").text
    shown = page.find_element(By.CSS_SELECTOR, "#drift-figure .legend .value").text
    signal = healthy().signals["actor_encoder/drift"]
    at = int(np.abs(signal.steps - int(step.split()[1].replace(",", ""))).argmin())
    assert float(shown) == pytest.approx(signal.values[at], rel=0.02)


def test_keys_zoom_all_step_panels_and_back(page):
    canvas = page.find_element(By.CSS_SELECTOR, "#gradients-figure .canvas")
    canvas.send_keys("+")
    spans = page.execute_script(
        "return charts.map(c => [c.shared, c.u.scales.x.max - c.u.scales.x.min])"
    )
    assert {round(span) for shared, span in spans if shared} == {15_000}
    assert len([1 for shared, _ in spans if not shared]) == 4
    canvas.send_keys("0")
    spans = page.execute_script("return charts.map(c => [c.shared, c.u.scales.x.max])")
    assert {round(span) for shared, span in spans if shared} == {30_000}


def test_a_legend_entry_hides_its_curve(page):
    button = page.find_element(By.CSS_SELECTOR, "#gradients-figure .legend button")
    button.click()
    shown = page.execute_script(
        "const box = document.getElementById('gradients-figure');"
        "return charts.find(c => box.contains(c.holder)).u.series.slice(1).map(s => s.show)"
    )
    assert button.get_attribute("aria-pressed") == "false"
    assert not shown[0]
    assert shown[-1]


def background(page):
    return page.execute_script("return getComputedStyle(document.body).backgroundColor")


def test_colours_turn_dark_and_back(page):
    light = background(page)
    button = page.find_element(By.CSS_SELECTOR, ".theme")
    button.click()
    assert background(page) != light
    assert button.text == "Light colours"
    button.click()
    assert background(page) == light


def test_no_picture_of_the_markdown_report_is_cut_off(browser, report):
    pictures = sorted((report.parent / "figures").glob("*.svg"))
    assert len(pictures) >= 10
    for picture in pictures:
        beyond = opened(browser, picture).execute_script("""
            const whole = document.documentElement.getBoundingClientRect();
            const texts = [...document.querySelectorAll('text')];
            return texts.filter(text => {
                const panel = text.ownerSVGElement.getScreenCTM(), box = text.getBBox();
                const scale = panel.a, at = text.getBoundingClientRect();
                const frame = text.ownerSVGElement.viewBox.baseVal;
                return at.right > panel.e + scale * frame.width + 1
                    || at.bottom > panel.f + scale * frame.height + 1
                    || at.right > whole.right + 1 || at.bottom > whole.bottom + 1;
            }).map(text => text.textContent)""")
        parts = browser.execute_script("""
            return [...document.documentElement.children].map(part => {
                const frame = part.viewBox.baseVal;
                return [part.width.baseVal.value - frame.width,
                        part.height.baseVal.value - frame.height]})""")
        assert beyond == [], picture.name
        assert np.allclose(parts, 0), picture.name


@pytest.mark.parametrize("width", [400, 1280, 1920])
def test_no_width_needs_sideways_scrolling(browser, report, width):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    page = opened(browser, report)
    wide = page.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_it_prints_pictures_not_canvases(page):
    pdf = printed(page)
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 3
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert visible(page, "figure img")
    assert not visible(page, ".plot")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_scripts_everything_is_still_there(browser, report):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page = opened(browser, report)
    shown = len(visible(page, "figure img")), len(visible(page, "#checks-table tbody tr"))
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert shown[0] >= 10
    assert shown[1] == 5


def test_a_report_on_one_side_works_too(browser, tmp_path):
    path = write_report([really_judged(healthy()), judged(healthy(1), a="FAIL")], [], tmp_path)[1]
    page = opened(browser, path)
    assert errors(page) == []
    assert visible(page, ".canvas canvas")


@pytest.mark.parametrize("width", [400, 1280, 1920])
def test_a_page_of_markdown_fills_its_column_and_its_tables_scroll_by_themselves(
    browser, tmp_path, width
):
    cells = " | ".join(f"a long heading {n}" for n in range(12))
    text = f"# Title\n\nA sentence.\n\n| {cells} |\n|{'---|' * 12}\n| {cells} |\n"
    (tmp_path / "README.md").write_text(text)
    browser.set_window_size(width, 900)
    try:
        page = opened(browser, write_page(tmp_path / "README.md"))
        seen = page.execute_script("return document.documentElement.clientWidth")
        main = page.find_element(By.TAG_NAME, "main")
        assert main.size["width"] >= min(0.9 * seen, 1000)
        assert page.execute_script("return document.documentElement.scrollWidth") <= seen
        assert visible(page, "th")[0].text == "a long heading 0"
        assert requested(page) == [page.current_url]
        assert [e for e in page.get_log("browser") if e["level"] == "SEVERE"] == []
    finally:
        browser.set_window_size(1280, 900)
