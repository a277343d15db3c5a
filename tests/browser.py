"""A real headless Chromium for tests of pages."""

import base64
import json
import shutil
from pathlib import Path

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.common.exceptions import WebDriverException  # noqa: E402  after the skip
from selenium.webdriver.common.by import By  # noqa: E402  after the skip

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed (Debian packages)"
)
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,900",
    "--force-prefers-reduced-motion",
)  # fmt: skip
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
OF_COLOURS = ("color-contrast", "link-in-text-block")
needs_axe = pytest.mark.skipif(
    not AXE.is_file(), reason=f"{AXE} is absent: npm install --no-save axe-core"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(120)  # an audit takes seconds, and more on a busy machine
    yield driver
    driver.quit()


def opened(browser, path: Path):
    browser.get_log("performance")
    browser.get(path.as_uri())
    return browser


def visible(page, selector):
    return [e for e in page.find_elements(By.CSS_SELECTOR, selector) if e.is_displayed()]


def requested(page):
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages
            if m["method"] == "Network.requestWillBeSent"]  # fmt: skip
    return [url for url in sent if not url.startswith("data:")]


def printed(page, tries=3):
    """The page as PDF; Chromium prints in another process, which a busy machine may not start."""
    try:
        pdf = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    except WebDriverException as error:
        if tries == 1 or "Printing failed" not in str(error):
            raise
        return printed(page, tries - 1)
    return base64.b64decode(pdf["data"])


def errors(page):
    return [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]


def serious(page, theme):
    """What an audit by axe-core finds in a page with light or dark colours.

    The dark page is the light one in other colours: only the rules that read colours are asked
    again. Not to describe what passes saves half of an audit.
    """
    asked: dict[str, object] = {"resultTypes": ["violations"], "selectors": False}
    if theme == "dark":
        asked["runOnly"] = list(OF_COLOURS)
    page.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script("axe.run(arguments[0]).then(arguments[1])", asked)
    page.execute_script("delete document.documentElement.dataset.theme")
    passed = {item["id"] for item in found["passes"]}
    assert "color-contrast" in passed
    assert theme == "dark" or len(passed) > 15
    return [
        (item["id"], node["html"][:120])
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


def wide(page, width):
    """How wide a page is on a screen of that width, pixels."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        return page.execute_script("return document.documentElement.scrollWidth")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
