"""Answers as JUnit XML, which build servers count."""

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from rca.checking import Verdict
from rca.errors import printable
from rca.report.answers import Answer, Answers


def to_junit(answers: Answers) -> str:
    """Returns JUnit XML: FAIL and WARN as failures, ERROR as error, the unseen as skipped."""
    suite = TestSuite(f"rca {answers.noun} {printable(answers.name)}")
    for row in answers.rows:
        suite.add_testcase(_case(row, answers.noun))
    xml = JUnitXml()
    xml.add_testsuite(suite)
    return str(xml.tostring().decode())  # type: ignore[no-untyped-call]  # not annotated upstream


def _case(row: Answer, noun: str) -> TestCase:
    topic = row.id.partition(".")[0] if "." in row.id else ""
    case = TestCase(row.id, classname=f"{noun}.{topic}" if topic else noun)
    finding = row.finding
    place = f"{finding.file}:{finding.line}: " if finding.file else ""
    message = printable(place + finding.message)
    if finding.verdict in (Verdict.FAIL, Verdict.WARN):
        case.result = [Failure(message, finding.verdict.value)]
    elif finding.verdict is Verdict.ERROR:
        case.result = [Error(message, finding.verdict.value)]
    elif finding.verdict is not Verdict.PASS:
        case.result = [Skipped(f"{finding.verdict.value}: {message}")]
    return case
