"""What the agent saw before an episode ended: a few camera frames, kept for a few endings."""

from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from rca.runs.folder import RunWriter
from rca.runs.record import Strip
from rca.runs.strip_rows import MAX_FRAMES, MAX_SIDE
from rca.td3.events import EpisodeEnded, Event, Redriven, Stepped

EVERY = 4
"""Steps from one frame to the next: with 20 steps a second a strip shows the last second."""
STRETCHES = 4
"""Parts of a run in each of which the first example of an ending is kept."""


class Strips:
    """Listens to a run and keeps, per ending, phase and quarter of the run, the first example.

    The newest frame of each observation is copied (7 kB of 84x84 pixels); it touches no random
    generator and nothing that is learned from.
    """

    def __init__(self, writer: RunWriter, planned_steps: int) -> None:
        self._writer = writer
        self._planned = planned_steps
        self._frames: deque[NDArray[np.uint8]] = deque(maxlen=EVERY * (MAX_FRAMES - 1) + 1)
        self._phase = ""
        self._kept: set[tuple[str, str, int]] | None = None

    def __call__(self, event: Event) -> None:
        """Remembers a step's frame; at an end keeps the strip if it is wanted."""
        if isinstance(event, Stepped | Redriven) and event.frame is not None:
            self._frames.append(event.frame.copy())
            self._phase = event.phase
        elif isinstance(event, EpisodeEnded):
            if self._is_wanted(event):
                self._writer.strip(self._strip(event))
            self._frames.clear()

    def _is_wanted(self, event: EpisodeEnded) -> bool:
        if not event.end_reason or not self._frames:
            return False
        if self._kept is None:  # now, not at the start: a resumed run was rewound in between
            self._kept = {self._key(*row) for row in self._writer.strips()}
        key = self._key(self._phase, event.end_reason, event.step)
        is_new = key not in self._kept
        self._kept.add(key)
        return is_new

    def _key(self, phase: str, end_reason: str, step: int) -> tuple[str, str, int]:
        return phase, end_reason, (step - 1) * STRETCHES // self._planned

    def _strip(self, event: EpisodeEnded) -> Strip:
        newest_first = list(self._frames)[::-1][::EVERY]
        frames = [_small(frame) for frame in reversed(newest_first)]
        return Strip(
            event.step, self._phase, event.end_reason, event.length, EVERY, len(frames), png(frames)
        )


def _small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = MAX_SIDE / max(frame.shape)
    if scale >= 1:
        return frame
    size = (max(1, round(scale * frame.shape[1])), max(1, round(scale * frame.shape[0])))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def png(frames: Iterable[NDArray[np.uint8]]) -> bytes:
    """Returns grey frames of one size side by side, a white line between them, as PNG."""
    parts = [part for frame in frames for part in (frame, np.full((len(frame), 2), 255, np.uint8))]
    return bytes(cv2.imencode(".png", np.hstack(parts[:-1]))[1])
