"""Report -> one HTML file that opens from disk, asks no network and runs no script but ours."""

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rca.report.figures import EXPECTED, GRID, INK, LEARNING, MUTED, PALETTE, PAPER, Pictures
from rca.report.interactive import figure_data
from rca.report.model import Report

HERE = Path(__file__).parent
DARK_PALETTE = (
    "#5aaee6",
    "#f08a4b",
    "#9ad4f5",
    "#f4bf4f",
    "#3fc79b",
    "#e3a9c9",
    "#8d98a5",
    "#d8ca3a",
)
"""PALETTE lightened for a dark ground; each has a contrast of 5 to 1 at least on PAPER_DARK."""
DARK = {INK: "#e6eaef", MUTED: "#a2adb9", GRID: "#2c343d", PAPER: "#161b21", LEARNING: "#1c2733"}


def write_html(report: Report, drawn: Pictures, folder: Path) -> Path:
    """Writes report.html and returns its path.

    Args:
        report: Its texts are escaped here; they must have gone through `wording.tidy`.
        drawn: Its panels.
        folder: Exists.
    """
    path = folder / "report.html"
    path.write_text(to_html(report, drawn), encoding="utf-8")
    return path


def to_html(report: Report, drawn: Pictures) -> str:
    """Returns the whole page."""
    env = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["image"] = image
    env.filters["photograph"] = photograph
    css = _read("vendor/uPlot.min.css", "report.css")
    script = _read("vendor/uPlot.iife.min.js", "page.js", "report.js")
    return env.get_template("report.html.jinja").render(
        report=report,
        drawn=drawn,
        css=Markup(css),  # our own files: no foreign text is in them
        script=Markup(script),
        figures=figure_data(report),
        policy=f"default-src 'none'; style-src '{digest(css)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    )


def _read(*names: str) -> str:
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def digest(text: str) -> str:
    """Returns the source expression that lets exactly this inline text through."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def image(svg: str) -> str:
    """Returns a panel as a data URI of an SVG that follows the page's light or dark scheme."""
    svg = re.sub(r"<metadata>.*?</metadata>| font-family: '[^']*';", "", svg, flags=re.DOTALL)
    # After the first point of a path "L" goes without saying; a line break would be escaped.
    svg = re.sub(r"\s+", " ", re.sub(r"(?<=\d)\s*\nL ", " ", svg))
    # Escaped, not base64: digits and spaces, which paths are made of, need no escape.
    return "data:image/svg+xml," + quote(_themed(svg), safe=" ,.:;/?@=*+!$-_{}")


def photograph(png: bytes) -> str:
    """Returns a picture as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _themed(svg: str) -> str:
    colors = dict(zip(PALETTE, DARK_PALETTE, strict=True)) | DARK
    assert EXPECTED in colors
    light, dark = [], []
    for number, (before, after) in enumerate(colors.items()):
        svg = svg.replace(before, f"var(--c{number})")
        light.append(f"--c{number}:{before}")
        dark.append(f"--c{number}:{after}")
    css = (
        f":root{{{';'.join(light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{';'.join(dark)}}}}}"
        "text{font-family:system-ui,'Segoe UI',Roboto,sans-serif !important}"
    )
    return svg.replace("<defs>", f"<defs><style>{css}</style>", 1)
