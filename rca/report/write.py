"""Runs -> report.md, figures and report.html in one folder."""

from collections.abc import Sequence
from pathlib import Path

from rca.checking import builtin_checks, load_checks, run_checks
from rca.diagnosis.diagnose import Diagnosis
from rca.errors import UsageError
from rca.report.answers import Judged
from rca.report.build import build
from rca.report.export import write_tables
from rca.report.figures import pictures
from rca.report.html import write_html
from rca.report.markdown import write_markdown
from rca.report.pages import html, timeline_page
from rca.report.timeline import causal_timeline
from rca.report.timeline_picture import timeline_picture
from rca.report.wording import tidy
from rca.runs.load import load_run


def report(
    baseline: Sequence[Path], fixed: Sequence[Path], folder: Path, formats: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Loads and checks runs and writes the report on one side, or on two that are compared.

    Args:
        baseline: Run folders or recordings of the configuration in doubt, one per seed.
        fixed: The same of the changed one; empty: nothing is compared.
        folder: Made if it does not exist; files of an earlier report in it are overwritten.
        formats: In which every table is written as well: csv, json, parquet.

    Returns:
        Paths of the Markdown and of the HTML file, then of the tables.

    Raises:
        UsageError: A path does not exist, the folder cannot be written, or pyarrow is missing.
        EvidenceError: A run cannot be read.
    """
    return write_report([judged(p) for p in baseline], [judged(p) for p in fixed], folder, formats)


def judged(path: Path) -> Judged:
    """Returns a run with the answers of every built-in check."""
    record = load_run(path)
    checks = load_checks([builtin_checks()])
    return Judged(record, checks, run_checks(checks, record))


def write_report(
    baseline: Sequence[Judged], fixed: Sequence[Judged], folder: Path, formats: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Writes the report on one side, or on two that are compared; a run per seed.

    Raises:
        UsageError: The folder cannot be written, or pyarrow is missing.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)  # first: drawing takes seconds
        content = tidy(build(baseline, fixed))
        drawn = pictures(content)
        written = (write_markdown(content, drawn, folder), write_html(content, drawn, folder))
        tables = [path for name in formats for path in write_tables(content, folder, name)]
        return (*written, *tables)
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"{folder}: cannot be written: {reason}; give --out DIR") from error


def write_timeline(judged: Judged, found: Diagnosis, path: Path) -> Path:
    """Writes what happened when in one run, with a row for each likely cause.

    Args:
        judged: The run.
        found: Its diagnosis.
        path: Its suffix decides: .html is a page that lists all, .png and .svg are pictures.

    Returns:
        The path.

    Raises:
        UsageError: It cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".html":
        content = html(timeline_page(judged, found)).encode()
    else:
        drawn = causal_timeline(judged, found)
        content = timeline_picture(drawn, judged.run.id, suffix.removeprefix("."))
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path
