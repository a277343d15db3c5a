"""Event files that TensorBoard reads, written while a run goes on or of a finished one.

Not by tensorboard's EventFileWriter: its thread prints a traceback where the disk is full.
"""

import itertools
import math
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.histogram_pb2 import HistogramProto
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from rca.probes.histogram import Histogram
from rca.runs.opening import unwritable

FOLDER = "tensorboard"
"""In the run folder."""
PLACES = ("step", "start_step", "end_step")
"""Columns that say where a row belongs: the x axis does."""
FLUSHED = 2.0
"""Seconds between two times that what is written can be seen by readers."""
NAMED = re.compile(r"events\.out\.tfevents\.(\d{10})\.")
"""The name of an event file: the second in which it was begun."""
_NUMBERS = itertools.count()


class Board:
    """An event file in a folder.

    Every method raises a UsageError where the disk is full or the folder not writable.
    """

    def __init__(self, folder: Path, *, clock: bool = True) -> None:
        """Begins a file.

        Args:
            folder: Made if it is not there.
            clock: Whether values bear the time at which they are added; a record keeps none, so
                files made of a finished run have 0.
        """
        self._folder, self._clock = folder, clock
        with self._written():
            folder.mkdir(parents=True, exist_ok=True)
            place = f"{_after(folder):010}.{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS)}"
            self._writer = RecordWriter((folder / f"events.out.tfevents.{place}").open("xb"))
        self._flushed = -math.inf
        self._add(Event(wall_time=time.time(), file_version="brain.Event:2"))

    def scalar(self, tag: str, step: int, value: float) -> None:
        """Adds a value; NaN stays NaN."""
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        self._add(Event(wall_time=self._now(), step=step, summary=summary))

    def histogram(self, found: Histogram) -> None:
        """Adds how a quantity was spread; its mean is that of the bins' middles."""
        edges, counts = found.edges, np.asarray(found.counts, np.float64)
        middles = (edges[:-1] + edges[1:]) / 2
        histo = HistogramProto(
            min=found.low,
            max=found.high,
            num=float(counts.sum()),
            sum=float(counts @ middles),
            sum_squares=float(counts @ middles**2),
            bucket_limit=edges[1:].tolist(),
            bucket=counts.tolist(),
        )
        summary = Summary(value=[Summary.Value(tag=found.name, histo=histo)])
        self._add(Event(wall_time=self._now(), step=found.step, summary=summary))

    def row(self, prefix: str, step: int, row: Mapping[str, object]) -> None:
        """Adds the numbers of an episode or of an evaluation that were measured."""
        for name, value in row.items():
            if name in PLACES or not isinstance(value, int | float):
                continue
            if math.isfinite(value):
                self.scalar(f"{prefix}{name}", step, float(value))

    def again_from(self, step: int) -> None:
        """Tells readers to forget what comes after a step: a resumed run records it again."""
        started = SessionLog(status=SessionLog.START)
        self._add(Event(wall_time=self._now(), step=step + 1, session_log=started))

    def close(self) -> None:
        """Writes what waits and ends the file."""
        with self._written():
            self._writer.close()

    def _add(self, event: Event) -> None:
        with self._written():
            self._writer.write(event.SerializeToString())
            if time.monotonic() - self._flushed >= FLUSHED:
                self._writer.flush()
                self._flushed = time.monotonic()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Turns an error of the disk into a line that says so."""
        try:
            yield
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _now(self) -> float:
        return time.time() if self._clock else 0.0


def _after(folder: Path) -> int:
    """Returns the second to name a file by, later than those of the files in a folder.

    TensorBoard reads files in the order of their names; after a restart within the second, or with
    a clock that was set back, it would forget values before it reads them.
    """
    found = (NAMED.match(path.name) for path in folder.iterdir())
    return max([int(time.time()), *(int(name[1]) + 1 for name in found if name)])
