"""A reward probe for the terminal: what each behaviour is worth, and which promises hold."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rca.envs.probe import RewardProbe


def tables(probe: RewardProbe) -> RenderableType:
    """Returns behaviours by term, then promises, the broken ones first."""
    return Group(_behaviours(probe), "", _promises(probe))


def _behaviours(probe: RewardProbe) -> Table:
    terms = sorted({term for found in probe.behaviours.values() for term in found.terms})
    used = [t for t in terms if any(b.terms.get(t) for b in probe.behaviours.values())]
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("behaviour", no_wrap=True)
    for name in ("steps", *used, "sum", f"discounted {probe.discount:g}"):
        grid.add_column(name, justify="right")
    grid.add_column("ends by")
    for found in sorted(probe.behaviours.values(), key=lambda b: -b.discounted):
        numbers = [*(found.terms.get(term, 0.0) for term in used), found.total, found.discounted]
        row = [f"{number:,.2f}" if number else "-" for number in numbers]
        grid.add_row(found.name, f"{found.steps:,}", *row, str(found.end_reason))
    return grid


def _promises(probe: RewardProbe) -> Table:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("what a sound reward keeps")
    grid.add_column("by", justify="right")
    for promise in sorted(probe.promises, key=lambda p: p.holds):
        verdict = Text("PASS", style="green") if promise.holds else Text("FAIL", style="bold red")
        grid.add_row(verdict, promise.text, f"{promise.margin:+,.2f}")
    return grid
