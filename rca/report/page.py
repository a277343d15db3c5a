"""A page of Markdown that rca wrote -> one HTML file that opens from disk and asks no network."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup

HERE = Path(__file__).parent
EXTRA = """
body { display: block; }
main { max-width: 1080px; margin: 0 auto; }
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
"""These pages have no navigation at the side, and their tables scroll on a telephone instead of
falling apart: report.css is made for the other report."""


def write_page(markdown: Path) -> Path:
    """Writes report.html beside a Markdown page, its pictures inside; returns its path.

    Raw HTML in the Markdown is shown as text, links lead nowhere but to https and to files beside
    the page, and the page's policy lets nothing be loaded or run.

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
    css = (HERE / "report.css").read_text(encoding="utf-8") + EXTRA
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    env = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    html = env.get_template("page.html.jinja").render(
        title=_title(text),
        css=Markup(css),
        body=Markup(renderer.render(text)),
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
    )
    path = folder / "report.html"
    path.write_text(html, encoding="utf-8")
    return path


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


def _open(*given: object) -> str:
    return '<div class="wide" tabindex="0" role="region" aria-label="table"><table>\n'


def _close(*given: object) -> str:
    return "</table></div>\n"


def _cell(renderer: RendererHTML, tokens: Sequence[Token], index: int, *given: object) -> str:
    """Says by a class what markdown-it says by a style, which the page's policy forbids."""
    token = tokens[index]
    is_number = "right" in str(token.attrs.pop("style", ""))
    return f'<{token.tag} class="number">' if is_number else f"<{token.tag}>"
