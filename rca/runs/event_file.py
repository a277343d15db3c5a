"""Records of a TensorBoard event file: checked, bounded, one in memory at a time.

The frame (TFRecord): length, 8 bytes; masked CRC-32C of the length, 4; the record; its masked
CRC-32C, 4. tensorboard's own reader computes the checksums byte by byte in Python, most of the time
that reading a gigabyte takes; its reader in C came with TensorFlow only.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import google_crc32c

from rca.runs.part import Progress

HEAD = struct.Struct("<QI")
"""Before each record: its length and the checksum of the length."""
TAIL = struct.Struct("<I")
"""Behind each record: its checksum."""
LONGEST = 100_000_000
"""Bytes of a record that is read: a scalar takes a hundred; what is longer is a film or a graph."""
REPORTS = 100
"""Reports of progress per file."""


class Records:
    """Yields an event file's records; knows afterwards what it could not read.

    Attributes:
        size: Of the file when it was opened, bytes.
        read: Bytes up to the end of the last whole record.
        count: Records, whatever is in them.
        damaged: Records whose checksum does not fit; left out.
        longer: Records of more than LONGEST bytes; left out.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self._path, self._progress = path, progress
        self.size = path.stat().st_size
        self.read = self.count = self.damaged = self.longer = 0

    def __iter__(self) -> Iterator[bytes]:
        reported = 0
        with self._path.open("rb", buffering=1 << 20) as file:
            while (length := self._length(file)) is not None:
                record = self._record(file, length)
                self.read += HEAD.size + length + TAIL.size
                self.count += 1
                if self._progress and self.read - reported >= self.size / REPORTS:
                    reported = self.read
                    self._progress(self._path, self.read / self.size)
                if record is not None:
                    yield record

    def _length(self, file: BinaryIO) -> int | None:
        """Returns the next record's length; None at the end, or where no whole record follows."""
        head = file.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        length, checksum = HEAD.unpack(head)
        if masked(head[:8]) != checksum or length > self.size - self.read - HEAD.size - TAIL.size:
            return None
        return int(length)

    def _record(self, file: BinaryIO, length: int) -> bytes | None:
        if length > LONGEST:
            self.longer += 1
            file.seek(length + TAIL.size, 1)
            return None
        content = file.read(length + TAIL.size)
        record = content[:length]
        if content[length:] != TAIL.pack(masked(record)):
            self.damaged += 1
            return None
        return record


def masked(data: bytes) -> int:
    """Returns the checksum of a frame's length or record: CRC-32C, rotated and offset."""
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
