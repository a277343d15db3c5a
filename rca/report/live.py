"""What a run shows in the terminal while it goes on: steps, speed, phase, last episode, losses."""

import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from rca.config import RunConfig
from rca.td3.events import Emit, EpisodeEnded, Evaluated, Event, Stepped, Updated

REFRESH_SECONDS = 0.2
"""Time between two looks at the losses: reading one makes torch wait for the update to end."""


class Progressing:
    """Turns the trainer's events into one line of progress and a line per evaluation."""

    def __init__(self, bar: Progress, config: RunConfig) -> None:
        self._bar = bar
        self._task = bar.add_task(
            "", total=config.budget.steps, phase="", speed="", episode="", loss=""
        )
        self._shown_at = time.monotonic()
        self._shown_step = 0
        self._episode = "no episode yet"
        self._last_step: Stepped | None = None
        self._last_update: Updated | None = None

    def __call__(self, event: Event) -> None:
        """Takes note of an event; redraws at most every REFRESH_SECONDS."""
        if isinstance(event, Stepped):
            self._last_step = event
            if time.monotonic() - self._shown_at >= REFRESH_SECONDS:
                self.draw()
        elif isinstance(event, EpisodeEnded):
            self._episode = (
                f"episode {event.index + 1}: {event.length} steps, "
                f"return {event.episode_return:,.0f}, {event.end_reason or 'end not said'}"
            )
        elif isinstance(event, Updated):
            self._last_update = event
        elif isinstance(event, Evaluated):
            self._bar.console.print(evaluation_line(event))

    def draw(self) -> None:
        """Draws the present state."""
        if self._last_step is None:
            return
        now = time.monotonic()
        steps = self._last_step.step - self._shown_step
        self._bar.update(
            self._task,
            completed=self._last_step.step,
            phase=self._last_step.phase,
            speed=f"{steps / (now - self._shown_at):,.0f} steps/s",
            episode=self._episode,
            loss=_losses(self._last_update),
        )
        self._shown_at, self._shown_step = now, self._last_step.step


def evaluation_line(event: Evaluated) -> str:
    """Returns one line on an evaluation: where, mean return, mean length, share of successes."""
    count = len(event.episodes)
    mean_return = sum(e.episode_return for e in event.episodes) / count
    mean_length = sum(e.length for e in event.episodes) / count
    success = sum(e.success for e in event.episodes) / count
    said = "success not recorded" if math.isnan(success) else f"success {success:.0%}"
    return (
        f"step {event.step:,}, {event.updates:,} updates: evaluation of {count} episodes: "
        f"return {mean_return:,.1f}, length {mean_length:,.0f}, {said}"
    )


def _losses(update: Updated | None) -> str:
    if update is None:
        return "no update yet"
    actor = "-" if update.actor_loss is None else f"{float(update.actor_loss):.3g}"
    return f"critic loss {float(update.critic_loss):.3g}, actor loss {actor}"


@contextmanager
def progress(config: RunConfig, *, quiet: bool) -> Iterator[Emit]:
    """Yields a listener that draws on stderr, or one that ignores all if there is no terminal."""
    console = Console(file=sys.stderr)
    if quiet or not console.is_terminal:
        yield lambda event: None
        return
    bar = Progress(
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TextColumn("[cyan]{task.fields[phase]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[episode]}", markup=False),
        TextColumn("[dim]{task.fields[loss]}"),
        console=console,
    )
    with bar:
        listener = Progressing(bar, config)
        yield listener
        listener.draw()
