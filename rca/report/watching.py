"""A run's state on one terminal screen, read from its folder while another process writes it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rca.checking import Check, Finding, Verdict
from rca.errors import printable
from rca.report.answers import WORST_FIRST, Judged
from rca.report.wording import NOT_MEASURED, number, plural
from rca.runs.record import RunRecord, Signal

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
"""Characters of a sparkline."""
FIRED = 12
"""Checks that are listed; more are counted."""
CURVES = (
    "reward/progress",
    "env/speed",
    "explore/noise",
    "critic/loss",
    "actor/loss",
    "critic/q_spread",
    "critic/grad_norm",
    "actor/grad_norm",
    "env/step_seconds",
)
"""Signals that are drawn below return and length, where they are recorded."""
STYLES = {Verdict.FAIL: "bold red", Verdict.ERROR: "red", Verdict.WARN: "yellow"}
"""Verdicts that count as fired, with their colours."""


def sparkline(values: NDArray[np.float64], width: int = WIDTH) -> str:
    """Returns a curve in one line of block characters: the mean of each part, lowest to highest.

    A part without a finite value is a blank; a constant curve lies in the middle.

    Args:
        values: In order of time. [n]
        width: Characters at most.
    """
    parts = np.array_split(values, min(width, len(values))) if len(values) else []
    means = np.array([_mean(part) for part in parts])
    known = means[np.isfinite(means)]
    if not len(known):
        return ""
    low, span = known.min(), np.ptp(known)
    shares = (means - low) / span if 0 < span < np.inf else np.where(np.isfinite(means), 0.5, means)
    return "".join(BARS[int(s * (len(BARS) - 1))] if np.isfinite(s) else " " for s in shares)


def _mean(part: NDArray[np.float64]) -> float:
    finite = part[np.isfinite(part)]
    return float(finite.mean()) if len(finite) else np.nan


def screen(judged: Judged) -> RenderableType:
    """Returns what is known of a run by now: how far it is, its curves, the checks that fired."""
    run = judged.run
    parts: list[RenderableType] = [_head(run)]
    if run.outcome.planned_steps:
        parts.append(ProgressBar(run.outcome.planned_steps, run.outcome.executed_steps or 0, WIDTH))
    return Group(*parts, "", _curves(run), "", _fired(judged))


def fired(checks: Sequence[Check], findings: Sequence[Finding]) -> list[tuple[Check, Finding]]:
    """Returns checks that fail, break or warn, worst first, then by what they are about."""
    pairs = zip(checks, findings, strict=True)
    found = [(check, finding) for check, finding in pairs if finding.verdict in STYLES]
    return sorted(found, key=lambda pair: WORST_FIRST.index(pair[1].verdict))


def _head(run: RunRecord) -> Text:
    outcome = run.outcome
    planned = f" of {outcome.planned_steps:,}" if outcome.planned_steps else ""
    phase = run.phases[-1].name if run.phases else "phase unknown"
    facts = [
        outcome.status,
        f"{outcome.executed_steps or 0:,}{planned} steps",
        f"phase: {phase}",
        plural(outcome.critic_updates or 0, "critic update"),
        plural(len(run.episodes), "episode"),
        plural(len(run.evaluations), "evaluation"),
    ]
    head = Text(printable(run.id), style="bold").append(f"  {', '.join(facts)}", style="not bold")
    return head.append(f"\n{printable(outcome.error)}", style="red") if outcome.error else head


def _curves(run: RunRecord) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    for name in ("return", "length"):
        values = run.episodes[name].to_numpy(dtype=np.float64)
        grid.add_row(f"episode {name}", sparkline(values), _last(values, ""))
    for name in CURVES:
        signal: Signal | None = run.signals.get(name)
        if signal is not None and len(signal.finite()):
            line = sparkline(signal.values)
            grid.add_row(name, Text(line, style="cyan"), _last(signal.values, signal.unit))
    reasons = run.episodes["end_reason"].dropna().value_counts()
    if len(reasons):
        words = ", ".join(f"{count:,} {printable(str(name))}" for name, count in reasons.items())
        grid.add_row("ended by", Text(words), "")
    return grid


def _last(values: NDArray[np.float64], unit: str) -> str:
    return number(float(values[-1]), unit) if len(values) else NOT_MEASURED


def _fired(judged: Judged) -> RenderableType:
    found = fired(judged.checks, judged.findings)
    if not found:
        return Text(f"None of {plural(len(judged.checks), 'check')} fails or warns by now.")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="ellipsis", no_wrap=True)
    for check, finding in found[:FIRED]:
        since = "" if finding.onset is None else f"since step {finding.onset:,}: "
        verdict = Text(finding.verdict.value.upper(), style=STYLES[finding.verdict])
        grid.add_row(verdict, check.id, Text(printable(since + finding.message)))
    left = len(found) - FIRED
    return Group(grid, Text(f"and {left} more: rca check", style="dim")) if left > 0 else grid
