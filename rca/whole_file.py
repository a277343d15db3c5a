"""Files that are there whole or not at all, whenever the process is killed or the power fails."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, unfinished: Path) -> Iterator[BinaryIO]:
    """Yields a file that takes the path's place once it is on disk.

    Args:
        path: Where it is to be; what is there is replaced.
        unfinished: In the same folder, where it is until then; left there if anything fails.
    """
    with unfinished.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Has a folder's names on disk: after a power failure the old file may be back without it.

    Not every file system can; what was written is whole all the same.
    """
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
