"""The formats that `rca check` and `rca diagnose` share."""

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rca.report.answers import Answers
    from rca.report.model import Report


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    junit = "junit"
    sarif = "sarif"
    markdown = "markdown"
    html = "html"


def rendered(format_: Format, answers: "Answers", page: Callable[[], "Report"]) -> str:
    """Returns answers in one of the formats that build servers, code hosts and people read.

    Args:
        format_: Neither table nor json, which differ between the commands.
        answers: For junit and sarif.
        page: Makes what is written as markdown and html.
    """
    if format_ is Format.junit:
        from rca.report.junit import to_junit

        return to_junit(answers)
    if format_ is Format.sarif:
        from rca.report.sarif import to_sarif

        return to_sarif(answers)
    from rca.report.pages import html, markdown

    return (markdown if format_ is Format.markdown else html)(page())
