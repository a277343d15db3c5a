"""HTML: self-contained, nothing foreign runs, structure holds."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from rca.report.build import build
from rca.report.figures import pictures
from rca.report.html import to_html
from rca.report.wording import tidy
from tests.judged import HOSTILE, hostile, judged, unlearned
from tests.records import healthy

VOID = {"meta", "img", "br", "link", "input", "wbr"}


class Page(HTMLParser):
    """Collects elements and text; refuses tags that do not match."""

    def __init__(self, source):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(source)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def html(*sides):
    report = tidy(build(*([side] for side in sides)))
    return to_html(report, pictures(report))


@pytest.fixture(scope="module")
def source():
    return html(hostile(), judged(healthy(), a__b="PASS", c__d="PASS"))


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_foreign_text_is_text(page):
    assert page.all("script") == [{"type": "application/json", "id": "figures"}, {}]
    assert not any(value and "alert" in value for _, a in page.elements
                   for name, value in a.items() if name.startswith("on"))  # fmt: skip
    shown = " ".join(page.texts)
    assert HOSTILE[0] in shown
    assert HOSTILE[1] in shown
    assert "<U+202E>" in shown


def test_nothing_is_asked_of_the_network(source, page):
    for _, attrs in page.elements:
        for name in ("src", "href"):
            assert attrs.get(name, "#").startswith(("data:", "#"))
        assert "style" not in attrs
    assert "@import" not in source
    assert "url(" not in source


def test_the_policy_lets_only_our_own_style_and_script_through(source, page):
    policy = next(a["content"] for a in page.all("meta") if "http-equiv" in a)
    for tag in ("style", "script"):
        (ours,) = re.findall(f"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(ours.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_every_picture_has_words(page):
    images = page.all("img")
    assert len(images) >= 10
    assert all(len(image["alt"]) > 20 for image in images)


def test_links_lead_somewhere_and_ids_are_unique(page):
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.all("a")} <= set(ids)


def test_pictures_follow_the_colour_scheme(page):
    svg = unquote(page.all("img")[0]["src"].partition(",")[2])
    assert "prefers-color-scheme:dark" in svg
    assert "#0072b2" not in svg.partition("</style>")[2]


def test_reasons_stand_where_there_is_nothing_to_draw():
    page = Page(html(judged(unlearned()), judged(unlearned("other"))))
    assert any("0 updates were executed" in text for text in page.texts)
