"""The seed's claims for the terminal: against their sources, and its six issues against one run."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from rca.diagnosis.claims import Claim, IssueVerdict, Standing
from rca.errors import printable

STYLES = {
    Standing.SUPPORTED: "bold red",
    Standing.DOUBTED: "yellow",
    Standing.REFUTED: "green",
    Standing.UNTESTED: "dim",
}


def claims_table(claims: Sequence[Claim]) -> Table:
    """Returns each claim, what was found, and the verdict on it."""
    grid = Table(pad_edge=False, box=None, header_style="bold", padding=(0, 2, 1, 0))
    grid.add_column("issue", justify="right", no_wrap=True)
    grid.add_column("what the seed says", overflow="fold", ratio=3)
    grid.add_column("what was found", overflow="fold", ratio=3)
    grid.add_column("verdict", overflow="fold", ratio=1)
    for claim in claims:
        said = Text(claim.claim).append(f" ({claim.source})", style="dim")
        grid.add_row(str(claim.issue), said, claim.found, Text(claim.verdict, style="bold"))
    return grid


def issues_table(verdicts: Sequence[IssueVerdict]) -> Table:
    """Returns what one run says about each of the seed's six issues."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for item in verdicts:
        standing = Text(item.standing.value, style=STYLES[item.standing])
        grid.add_row(f"{item.issue} {item.cause}", standing, Text(printable(item.reason)))
    return grid
