"""TensorBoard event files, read by tensorboard's own EventAccumulator."""

import array
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.compat.proto import event_pb2
from tensorboard.util import tensor_util

from rca.errors import EvidenceError
from rca.runs.part import Importer, Options, Part, Progress, Series

FRAME_BYTES = 16
"""Around each record: its length (8 bytes) and two checksums (4 each)."""
REPORTS = 100
"""Reports of progress per file."""


class Columns:
    """Keeps scalars in 24 bytes each; takes the place of EventAccumulator's reservoirs.

    The reservoirs hold an object of about 250 bytes per scalar: 10 million would not fit in 2 GB.
    """

    def __init__(self) -> None:
        self.records: dict[str, tuple[array.array[int], array.array[float], array.array[float]]]
        self.records = {}
        self.texts: dict[str, str] = {}
        self.refused: set[str] = set()

    def AddItem(self, key: str, item: object) -> None:  # noqa: N802  the reservoir's interface
        """Appends a record of a scalar tag; keeps the last text of a text tag."""
        value = _content(item)
        if isinstance(value, str):
            self.texts[key] = value
        if not isinstance(value, float):
            self.refused.add(key)
            return
        if key not in self.records:
            self.records[key] = (array.array("q"), array.array("d"), array.array("d"))
        steps, values, walls = self.records[key]
        steps.append(item.step)  # type: ignore[attr-defined]
        values.append(value)
        walls.append(item.wall_time)  # type: ignore[attr-defined]

    def series(self) -> tuple[Series, ...]:
        """Returns one series per tag, in the order of first appearance; a clock at 0 is none."""
        return tuple(
            Series(
                tag,
                np.frombuffer(steps, np.int64),
                np.frombuffer(values),
                np.frombuffer(walls) if any(walls) else np.full(len(walls), np.nan),
            )
            for tag, (steps, values, walls) in self.records.items()
        )


def _content(item: object) -> float | str | None:
    """Returns a scalar or a text; None for any other tensor."""
    if isinstance(item, event_accumulator.ScalarEvent):
        return float(item.value)
    try:
        value = tensor_util.make_ndarray(item.tensor_proto)  # type: ignore[attr-defined]
    except (TypeError, ValueError, AttributeError):
        return None
    if value.size != 1:
        return None
    single = value.reshape(-1)[0]
    if isinstance(single, bytes):
        return single.decode("utf-8", "replace")
    return float(single) if np.issubdtype(value.dtype, np.number) else None


def _settings(name: str, text: str) -> dict[str, object]:
    """Returns the rows of a Markdown table `|param|value|`, as CleanRL logs its arguments."""
    lines = [line.strip() for line in text.splitlines()]
    if not lines or lines[0] != "|param|value|":
        return {}
    rows = [line.strip("|").split("|", 1) for line in lines[2:] if line.count("|") >= 3]
    return {f"{name}:{key}": value for key, value in rows}


class Feed:
    """Gives an event file's records to EventAccumulator and knows how far it came."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._path, self._progress = path, progress
        self._size = max(1, path.stat().st_size)
        self._loader = event_file_loader.RawEventFileLoader(str(path))
        self.read = 0
        self.broken = 0

    def Load(self) -> Iterator[object]:  # noqa: N802  the loader's interface
        """Yields the events up to the end or the first damaged record."""
        reported = 0
        for raw in self._loader.Load():
            self.read += len(raw) + FRAME_BYTES
            try:
                yield event_pb2.Event.FromString(raw)
            except DecodeError:
                self.broken += 1
            if self._progress and self.read - reported >= self._size / REPORTS:
                reported = self.read
                self._progress(self._path, self.read / self._size)

    @property
    def missing(self) -> int:
        """Bytes behind the last readable record."""
        return self._path.stat().st_size - self.read


def recognises(path: Path) -> bool:
    """Tells by the name that every TensorBoard writer gives, or by the first record."""
    if "tfevents" in path.name:
        return True
    with path.open("rb") as file:
        return b"brain.Event:" in file.read(64)


def read(path: Path, options: Options) -> Part:
    """Returns the scalar tags.

    Raises:
        EvidenceError: Not a single record can be read.
    """
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    columns = Columns()
    gaps: list[str] = []
    try:
        feed = Feed(path, options.progress)
        _accumulate(path, feed, columns)
    except (MemoryError, OverflowError):
        gaps.append(f"{path.name}: a record claims more bytes than the file can hold")
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from error
    if not feed.read:
        raise EvidenceError(f"{path}: not a single event can be read; the file is empty or damaged")
    if feed.missing:
        gaps.append(
            f"{path.name}: damaged or cut off after {feed.read:,} of {path.stat().st_size:,} "
            "bytes; what comes before was read"
        )
    if feed.broken:
        gaps.append(f"{path.name}: {feed.broken} records cannot be decoded; left out")
    other = sorted(columns.refused)
    gaps += [f"{path.name}: {tag}: not a number; left out" for tag in other if tag in options.tags]
    declared = [_settings(path.name, text) for text in columns.texts.values()]
    return Part(
        source=path,
        series=columns.series(),
        config={key: value for rows in declared for key, value in rows.items()},
        provenance={"other_tags": other} if other else {},
        gaps=tuple(gaps),
        cut_off=feed.missing > 0 or any(tag in columns.records for tag in other),
    )


def _accumulate(path: Path, feed: Feed, columns: Columns) -> None:
    accumulator = event_accumulator.EventAccumulator(str(path), purge_orphaned_data=False)
    # `scalars` and `tensors` are its public attributes; its generator has no public way in.
    accumulator.scalars = accumulator.tensors = columns
    accumulator._generator = feed
    accumulator.Reload()


IMPORTER = Importer("TensorBoard", recognises, read)
