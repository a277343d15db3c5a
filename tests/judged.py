"""Records with answers, for tests of reports."""

from dataclasses import replace

from rca.checking import Check, Finding, Severity, Verdict, run_checks
from rca.report.answers import Judged
from rca.runs.record import Outcome, RunRecord
from tests.records import blank, episodes, healthy, phases

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "a|b`c`*d*$e$",
    "T" * 10_000,
    "abc\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "nul\0 bell\a escape\x1b[31m",
)


def asked(id, severity=Severity.MAJOR):
    """A check that is never run: the test says what it found."""
    title = id.replace(".", " ").capitalize()
    return Check(id, title, "What?", (), _nobody, severity, "Because.", "Mend it.", "Here.")


def _nobody(run):
    raise AssertionError("not run")


def judged(run, **verdicts) -> Judged:
    """A run with the verdicts given, `topic__name="PASS"`; messages say the verdict."""
    checks = [asked(name.replace("__", ".")) for name in verdicts]
    findings = [
        Finding(Verdict(verdict), f"found {verdict}", check=check.id)
        for check, verdict in zip(checks, verdicts.values(), strict=True)
    ]
    return Judged(run, checks, findings)


def really_judged(run: RunRecord) -> Judged:
    """A run with the answers of the checks that come with rca."""
    from rca.checking import builtin_checks, load_checks

    checks = load_checks([builtin_checks()])
    return Judged(run, checks, run_checks(checks, run))


def unlearned(id="short") -> RunRecord:
    """A run of 100 random steps: no update took place."""
    return blank(
        id=id,
        kind="rca",
        config={"agent.learning_starts": 25_000, "budget.seed": 1},
        outcome=Outcome("finished", 100, 100, 0, 0),
        phases=phases(None, 100),
        episodes=episodes([40, 30, 20], [-5.0, -4.0, -3.0], end_reason="collision"),
    )


def hostile(run: RunRecord | None = None) -> Judged:
    """A run whose every text comes from somebody who wishes the reader ill."""
    run = run or healthy()
    name = HOSTILE[0] + HOSTILE[1]
    table = run.episodes.assign(end_reason=HOSTILE[1])
    signals = {key: replace(value, unit=HOSTILE[3]) for key, value in run.signals.items()}
    record = replace(
        run,
        id=name,
        config={**run.config, **{text: text for text in HOSTILE}},
        provenance={text: text for text in HOSTILE},
        outcome=replace(run.outcome, status="crashed", error=HOSTILE[1]),
        gaps=HOSTILE,
        episodes=table,
        signals=signals,
    )
    answers = judged(record, a__b="FAIL", c__d="NOT_RUN")
    findings = [replace(f, message=" ".join(HOSTILE)) for f in answers.findings]
    return replace(answers, findings=findings)
