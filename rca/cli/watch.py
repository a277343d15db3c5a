"""`rca watch`."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, app, console
from rca.errors import EvidenceError


@app.command()
def watch(
    path: Annotated[Path, typer.Argument(help="A run folder, also one that is being written.")],
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and end.")] = False,
    wait: Annotated[
        float, typer.Option(min=0.0, help="Seconds to wait for a folder that is not there yet.")
    ] = 0.0,
    debug: Debug = False,
) -> None:
    """Shows a run while another process trains: progress, curves, checks as they fire.

    Ends with the run, or by Ctrl-C, which the run does not notice.

    Example:  rca watch runs/my-run
    """
    from rca.report.watching import screen
    from rca.report.write import judged

    until = time.monotonic() + wait
    while not (path / "manifest.json").exists() and time.monotonic() < until:
        time.sleep(0.1)
    if once:
        console().print(screen(judged(path)))
        return
    try:
        _show_until_it_ends(path, every, until)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _show_until_it_ends(path: Path, every: float, until: float) -> None:
    from rich.live import Live

    from rca.report.watching import screen
    from rca.report.write import judged

    with Live(console=console(), auto_refresh=False) as live:
        while True:
            try:
                state = judged(path)
            except EvidenceError:
                if time.monotonic() >= until:
                    raise
                time.sleep(every)
                continue
            live.update(screen(state), refresh=True)
            if state.run.outcome.status != "running":
                return
            time.sleep(every)


@contextmanager
def dashboard(folder: Path, *, wanted: bool) -> Iterator[None]:
    """Shows a run on the terminal from a process of its own, so that it costs the training little.

    Args:
        folder: Of the run; need not be there yet.
        wanted: Whether to show anything.
    """
    if not wanted:
        yield
        return
    command = [sys.executable, "-m", "rca", "watch", str(folder), "--wait", "60"]
    # A session of its own: Ctrl-C is the run's, which saves what it has.
    shown = subprocess.Popen(command, start_new_session=True)
    try:
        yield
    finally:
        from rca.runs.manifest import MANIFEST

        if not (folder / MANIFEST).is_file():  # there is nothing to wait for
            shown.terminate()
        try:
            shown.wait(timeout=30)  # it draws the end of the run, then ends by itself
        except subprocess.TimeoutExpired:
            shown.terminate()
            shown.wait()
