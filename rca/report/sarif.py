"""Answers as SARIF 2.1.0 (OASIS), which code hosts and editors show beside the lines."""

import json
from pathlib import PurePath
from urllib.parse import quote

from rca import __version__
from rca.checking import Verdict
from rca.report.answers import Answer, Answers
from rca.report.wording import plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
KINDS = {
    Verdict.FAIL: ("fail", "error"),
    Verdict.WARN: ("fail", "warning"),
    Verdict.ERROR: ("review", "none"),
    Verdict.VACUOUS: ("open", "none"),
    Verdict.NOT_RUN: ("notApplicable", "none"),
    Verdict.PASS: ("pass", "none"),
}
"""Kind and level of a result (SARIF 2.1.0, 3.27.9 and 3.27.10): what is no failure has no level."""


def to_sarif(answers: Answers) -> str:
    """Returns the answers as a SARIF log of one run of one tool."""
    rules = {row.id: row for row in answers.rows}
    index = {name: number for number, name in enumerate(rules)}
    driver = {
        "name": "rca",
        "version": __version__,
        "rules": [_rule(row) for row in rules.values()],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{answers.noun}/{plain(answers.name)}"},
        "invocations": [{"executionSuccessful": not answers.damaged}],
        "results": [_result(row, index[row.id]) for row in answers.rows],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(row: Answer) -> dict[str, object]:
    texts = [row.why, f"What to do: {row.remedy}", f"Source: {row.reference}"]
    return {
        "id": row.id,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why or row.title},
        "help": {"text": "\n\n".join(text for text in texts if text)},
        "properties": {"severity": row.severity},
    }


def _result(row: Answer, index: int) -> dict[str, object]:
    kind, level = KINDS[row.finding.verdict]
    properties = {"verdict": row.finding.verdict.value, "onset": row.finding.onset}
    result: dict[str, object] = {
        "ruleId": row.id,
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": plain(row.finding.message)},
        "properties": {name: value for name, value in properties.items() if value is not None},
    }
    if row.finding.file:
        result["locations"] = [_location(row.finding.file, row.finding.line)]
    return result


def _location(file: str, line: int | None) -> dict[str, object]:
    path = PurePath(file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if line is not None:
        place["region"] = {"startLine": line}
    return {"physicalLocation": place}
