"""The formats that `rca check` and `rca diagnose` share."""

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


def rendered(format_: Format, answers: "Answers", page: "Report") -> str:
    """Returns answers in one of the formats that build servers, code hosts and people read.

    Args:
        format_: Neither table nor json, which differ between the commands.
        answers: For junit and sarif.
        page: For markdown and html.
    """
    from rca.report.junit import to_junit
    from rca.report.pages import html, markdown
    from rca.report.sarif import to_sarif

    match format_:
        case Format.junit:
            return to_junit(answers)
        case Format.sarif:
            return to_sarif(answers)
        case Format.markdown:
            return markdown(page)
    return html(page)
