"""What a disk, a crash or an editor does to a recording: copies of a folder, each damaged in a way.

Every damage works on the files as they are on disk (event files, JSON, YAML), whoever wrote them.
"""

import json
import math
import shutil
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

HEAD = struct.Struct("<QI")
"""Before each record: its length and the checksum of the length."""
TAIL = 4
"""Bytes behind each record: its checksum."""
ANSWERS = "case.json"
"""What is known of a recorded failure; no part of the recording."""


def copy_of(folder: Path, target: Path) -> Path:
    """Copies a recording, writable, without the answers."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(ANSWERS))
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def events_in(path: Path) -> list[Event]:
    return [Event.FromString(raw) for raw in _raw(path.read_bytes())]


def _raw(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + HEAD.size <= len(content):
        size, _ = HEAD.unpack_from(content, at)
        yield content[at + HEAD.size : at + HEAD.size + size]
        at += HEAD.size + size + TAIL


def _write(path: Path, events: list[Event]) -> None:
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())


def _event_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*tfevents*"))


def _trees(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.json"))


def truncated(folder: Path, place: float) -> None:
    """Every file ends in the middle of a record."""
    for path in [*_event_files(folder), *_trees(folder)]:
        content = path.read_bytes()
        path.write_bytes(content[: max(3, int(place * len(content)))])


def not_a_number(folder: Path, place: float) -> None:
    """From a place on every value is NaN."""
    for path in _event_files(folder):
        events = events_in(path)
        for event in events[int(place * len(events)) :]:
            for value in event.summary.value:
                value.simple_value = math.nan
        _write(path, events)
    for path in _trees(folder):
        path.write_text(json.dumps(_without_numbers(json.loads(path.read_text()))))


def _without_numbers(tree: object) -> object:
    if isinstance(tree, Mapping):
        return {key: _without_numbers(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_without_numbers(value) for value in tree]
    return math.nan if isinstance(tree, float) else tree


def clock_back(folder: Path, place: float) -> None:
    """From a place on the clock shows an hour less."""
    for path in _event_files(folder):
        events = events_in(path)
        for event in events[int(place * len(events)) :]:
            event.wall_time -= 3600
        _write(path, events)


def repeated(folder: Path, place: float) -> None:
    """A tenth of the records stands in the file twice."""
    for path in _event_files(folder):
        events = events_in(path)
        begin = int(place * len(events) * 0.9)
        end = begin + max(1, len(events) // 10)
        _write(path, events[:end] + events[begin:])


def resumed(folder: Path, place: float) -> None:
    """A crash, and a second file that begins again at a checkpoint before it, a day later."""
    for path in _event_files(folder):
        events = events_in(path)
        crash = max(1, int((0.5 + place / 2) * len(events)))
        checkpoint = int(0.8 * crash)
        again = events[checkpoint:]
        _write(path, events[:crash])
        for event in again:
            event.wall_time += 86_400
        _write(path.with_name(f"{path.name}.resumed"), again)


def encoded(folder: Path, place: float) -> None:
    """One text was saved as UTF-16, the next with a byte order mark, one as Latin-1."""
    for number, path in enumerate(sorted([*folder.rglob("*.yaml"), *_trees(folder)])):
        text = path.read_text(encoding="utf-8")
        code = ("utf-16", "utf-8-sig", "latin-1")[(number + int(3 * place)) % 3]
        remark = "" if path.suffix == ".json" else "# für später\n"
        path.write_bytes((remark + text).encode(code, "replace"))


def claiming(folder: Path, place: float) -> None:
    """A record says, with a correct checksum, that it is 5 GB long."""
    length = struct.pack("<Q", 5_000_000_000)
    claim = length + struct.pack("<I", masked_crc32c(length))
    for path in _event_files(folder):
        content = path.read_bytes()
        ends = [0]
        for raw in _raw(content):
            ends.append(ends[-1] + HEAD.size + len(raw) + TAIL)
        at = ends[max(1, int(place * (len(ends) - 1)))]
        path.write_bytes(content[:at] + claim + content[at:])


def mistyped(folder: Path, place: float) -> None:
    """From a place on tags hold texts, JSON lists hold texts where numbers were."""
    for path in _event_files(folder):
        events = events_in(path)
        for event in events[int(place * len(events)) :]:
            tags = [value.tag for value in event.summary.value]
            texts = [Summary.Value(tag=t, tensor=make_tensor_proto("much")) for t in tags]
            event.summary.CopyFrom(Summary(value=texts))
        _write(path, events)
    for path in _trees(folder):
        path.write_text(json.dumps(_texts(json.loads(path.read_text()))))


def _texts(tree: object) -> object:
    if isinstance(tree, Mapping):
        return {key: _texts(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_texts(value) for value in tree]
    return str(tree) if isinstance(tree, float) else tree


DAMAGES: Mapping[str, Callable[[Path, float], None]] = {
    "NaN": not_a_number,
    "clock": clock_back,
    "repeated": repeated,
    "resumed": resumed,
    "types": mistyped,
    "encodings": encoded,
    "truncated": truncated,
    "5 GB": claiming,
}
"""By name: damages a folder in place, at a share of its records (0 to 1).

In this order one can follow another: the last three leave files that the others cannot parse.
"""
