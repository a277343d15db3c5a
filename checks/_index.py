"""Writes README.md, the index of the checks in this folder: `python checks/_index.py`."""

from collections.abc import Iterable
from pathlib import Path

from rca.checking import Check, load_checks

HEAD = """# Checks

One question per file; `rca check PATH` asks them all. A check says NOT_RUN where what it needs was
not recorded, VACUOUS where the evidence cannot show what is asked. Those marked "driving only" are
VACUOUS where nothing in a record says that its task is driving. `rca check --checks DIR` takes a
folder of your own.

References to seed.md, evidence.md and signals.md are to the failed project's document, the
measurements of its recordings and our collection of the field's rules, which are not in this
repository; where one of them alone is named, the limit is ours.

This page is written by `python checks/_index.py`; a test holds it up to date.
"""


def index(checks: Iterable[Check]) -> str:
    """Returns every check by topic: question, why, remedy, reference and needs."""
    by_id = sorted(checks, key=lambda item: item.id)
    lines, topic = [HEAD.rstrip()], ""
    for item in by_id:
        if item.id.partition(".")[0] != topic:
            topic = item.id.partition(".")[0]
            lines += ["", f"## {topic}"]
        lines += _entry(item)
    return "\n".join(lines) + "\n"


def _entry(item: Check) -> list[str]:
    needs = ", ".join(f"`{need}`" for need in item.needs) or "nothing in particular"
    scope = ", driving only" if item.driving else ""
    return [
        "",
        f"### {item.id}",
        f"{item.question} ({item.title}; {item.severity.name.lower()}{scope}, needs {needs})",
        f"- Why: {item.why}",
        f"- Remedy: {item.remedy}",
        f"- Reference: {item.reference}",
    ]


if __name__ == "__main__":
    folder = Path(__file__).parent
    (folder / "README.md").write_text(index(load_checks([folder])), encoding="utf-8")
