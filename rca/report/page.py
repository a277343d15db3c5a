"""A page of Markdown that rca wrote -> one HTML file that opens from disk and asks no network."""

import base64
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

from rca.report.html import digest

HERE = Path(__file__).parent
EXTRA = """
main { max-width: 1080px; }
h1.over { font-size: 14px; font-weight: 400; border: 0; padding: 0; margin: 0 0 .25rem; }
.verdict {
  margin: 0 0 .75rem; font-size: clamp(1.35rem, 1rem + 1.6vw, 2.1rem); line-height: 1.25;
  letter-spacing: -.015em; text-wrap: balance; border-left: 6px solid var(--muted);
  padding-left: .9rem;
}
main > h2 { font-size: 1.3rem; letter-spacing: -.01em; margin: 2.6rem 0 .8rem; }
main > p, main > ul, main > ol { max-width: 85ch; }
main > p > img { display: block; }
img { max-width: 100%; height: auto; background: #fff; border-radius: var(--radius); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; }
.number { text-align: right; }
th { color: var(--muted); font-weight: 600; }
tbody tr:hover { background: var(--learning); }
@media (max-width: 640px) {
  thead { position: static; }
  tr { display: table-row; }
  th, td { display: table-cell; padding: .3rem .7rem; border-bottom: 1px solid var(--line); }
  td::before { content: none; }
}
"""
"""Tables of these pages have many columns of numbers: on a telephone they scroll instead of falling
apart into blocks, as those do that report.css is made for."""
FILTERED = 8
"""Rows from which on a table gets a search field and columns that sort."""


def write_page(markdown: Path) -> Path:
    """Writes report.html beside a Markdown page, its pictures inside; returns its path.

    Raw HTML in the Markdown is shown as text, links lead nowhere but to https and to files beside
    the page, and the page's policy lets nothing be loaded and no script run but ours.

    Args:
        markdown: Written by rca; names and messages of recordings may be in it.
    """
    folder = markdown.parent
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    renderer.add_render_rule("image", lambda *given: _image(folder, *given))
    renderer.add_render_rule("table_open", _open)
    renderer.add_render_rule("table_close", _close)
    renderer.add_render_rule("th_open", _cell)
    renderer.add_render_rule("td_open", _cell)
    text = markdown.read_text(encoding="utf-8")
    tokens = renderer.parse(text)
    _mark_verdict(tokens)
    css = (HERE / "report.css").read_text(encoding="utf-8") + EXTRA
    script = (HERE / "page.js").read_text(encoding="utf-8")
    env = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    html = env.get_template("page.html.jinja").render(
        title=_title(text),
        css=Markup(css),
        script=Markup(script),
        sections=_sections(tokens),
        body=Markup(renderer.renderer.render(tokens, renderer.options, {})),
        policy=f"default-src 'none'; style-src '{digest(css)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    )
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


def _sections(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Gives headings of sections an id to be linked to; returns ids and texts."""
    sections: list[tuple[str, str]] = []
    for token, text in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            name = f"section-{len(sections) + 1}"
            token.attrSet("id", name)
            sections.append((name, text.content))
    return sections


def _mark_verdict(tokens: Sequence[Token]) -> None:
    """Marks a paragraph right below the title that is bold from end to end: it is the verdict."""
    if len(tokens) < 5 or tokens[3].type != "paragraph_open":
        return
    kinds = [child.type for child in tokens[4].children or () if child.type != "text"]
    words = tokens[4].content
    if kinds[:1] == ["strong_open"] and kinds[-1:] == ["strong_close"] and words.endswith("**"):
        tokens[0].attrSet("class", "over")
        tokens[3].attrSet("class", "verdict")


def _title(text: str) -> str:
    first = next((line for line in text.splitlines() if line.startswith("# ")), "# rca")
    return first.removeprefix("# ").strip()


def _image(
    folder: Path,
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    environment: Any,  # noqa: ANN401  markdown-it's own
) -> str:
    """Puts a PNG beside the page into it; any other picture stays as its description."""
    token = tokens[index]
    name = Path(str(token.attrs.get("src", ""))).name
    words = renderer.renderInlineAsText(token.children, options, environment)
    words = words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    path = folder / name
    if path.suffix != ".png" or not path.is_file():
        return words
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img alt="{words}" src="data:image/png;base64,{data}">'


def _open(renderer: RendererHTML, tokens: Sequence[Token], index: int, *given: object) -> str:
    rest = tokens[index:]
    end = next(n for n, token in enumerate(rest) if token.type == "table_close")
    rows = sum(token.type == "tr_open" for token in rest[:end]) - 1
    kind = "table filters" if rows >= FILTERED else "table"
    scrolls = '<div class="wide" tabindex="0" role="region" aria-label="table">'
    return f'<div class="{kind}">{scrolls}<table>\n'


def _close(*given: object) -> str:
    return "</table></div></div>\n"


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, *given: object) -> str:
    """Says by a class what markdown-it says by a style, which the page's policy forbids."""
    token = tokens[index]
    is_number = "right" in str(token.attrs.pop("style", ""))
    return f'<{token.tag} class="number">' if is_number else f"<{token.tag}>"
