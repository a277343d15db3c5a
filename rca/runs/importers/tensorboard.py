"""TensorBoard event files: their scalar tags."""

import array
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from tensorboard.compat.proto import event_pb2
from tensorboard.util import tensor_util

from rca.errors import EvidenceError
from rca.runs.event_file import Records
from rca.runs.part import Importer, Options, Part, Series


class Columns:
    """Keeps scalars in 24 bytes each, of other tags the last text.

    EventAccumulator's reservoirs hold an object of about 250 bytes per scalar: 10 million would not
    fit in 2 GB.
    """

    def __init__(self) -> None:
        self.records: dict[str, tuple[array.array[int], array.array[float], array.array[float]]]
        self.records = {}
        self.texts: dict[str, str] = {}
        self.refused: set[str] = set()
        self.undecodable = 0

    def add(self, raw: bytes) -> None:
        """Keeps what a record holds; counts it if it is no event."""
        try:
            event = event_pb2.Event.FromString(raw)
        except DecodeError:
            self.undecodable += 1
            return
        for item in event.summary.value:
            kind = item.WhichOneof("value")
            value = item.simple_value if kind == "simple_value" else _content(item)
            if isinstance(value, float):
                self._append(item.tag, event.step, value, event.wall_time)
            elif kind is not None:
                self.refused.add(item.tag)
            if isinstance(value, str):
                self.texts[item.tag] = value

    def _append(self, tag: str, step: int, value: float, wall: float) -> None:
        if tag not in self.records:
            self.records[tag] = (array.array("q"), array.array("d"), array.array("d"))
        steps, values, walls = self.records[tag]
        steps.append(step)
        values.append(value)
        walls.append(wall)

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


def _content(item: Any) -> float | str | None:  # noqa: ANN401  protobuf's classes have no types
    """Returns a tensor's number or text if it holds only one; None for anything else."""
    if item.WhichOneof("value") != "tensor":
        return None
    if math.prod(dim.size for dim in item.tensor.tensor_shape.dim) != 1:
        return None  # a shape can claim gigabytes
    try:
        value = tensor_util.make_ndarray(item.tensor)
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
    columns = Columns()
    try:
        records = Records(path, options.progress)
        for record in records:
            columns.add(record)
    except OSError as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from error
    if records.read == 0 or columns.undecodable + records.damaged == records.count:
        raise EvidenceError(f"{path}: not a single event can be read; the file is empty or damaged")
    other = sorted(columns.refused)
    declared = [_settings(path.name, text) for text in columns.texts.values()]
    lost = [f"{path.name}: {problem}" for problem in _lost(records, columns.undecodable)]
    mixed = [tag for tag in other if tag in options.tags]
    return Part(
        source=path,
        series=columns.series(),
        config={key: value for rows in declared for key, value in rows.items()},
        provenance={"other_tags": other} if other else {},
        gaps=(*lost, *(f"{path.name}: {tag}: not a number; left out" for tag in mixed)),
        cut_off=bool(lost) or any(tag in columns.records for tag in other),
    )


def _lost(records: Records, undecodable: int) -> Iterator[str]:
    """Yields what of a file could not be read."""
    if records.read < records.size:
        yield (
            f"damaged or cut off after {records.read:,} of {records.size:,} bytes; what comes "
            "before was read"
        )
    if records.damaged:
        yield f"{records.damaged} records are damaged (wrong checksum); left out"
    if undecodable:
        yield f"{undecodable} records cannot be decoded; left out"
    if records.longer:
        yield f"{records.longer} records are too long to hold scalars; left out"


IMPORTER = Importer("TensorBoard", recognises, read)
