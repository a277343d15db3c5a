"""Stable-Baselines3's evaluations.npz: returns and lengths of each evaluation's episodes."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.errors import EvidenceError
from rca.runs.part import Importer, Options, Part
from rca.runs.record import EVALUATION_COLUMNS

MAX_BYTES = 100_000_000
"""Unpacked; a million evaluations of ten episodes would be larger, and are not seen in practice."""
UNREADABLE = (
    OSError, ValueError, TypeError, KeyError, AttributeError, EOFError, MemoryError, RuntimeError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What zipfile and numpy raise on damaged, encrypted or lying archives."""
COLUMNS = {"results": "mean_return", "ep_lengths": "mean_length", "successes": "success_rate"}


def recognises(path: Path) -> bool:
    """Tells by the array `timesteps` in an .npz file."""
    if path.suffix.lower() != ".npz":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "timesteps.npy" in archive.namelist()
    except zipfile.BadZipFile:
        return path.name == "evaluations.npz"  # reading it says what is wrong


def read(path: Path, options: Options) -> Part:
    """Returns one row per evaluation.

    Raises:
        EvidenceError: Damaged, too large, or arrays of objects, which are never unpickled.
    """
    del options
    arrays = _arrays(path)
    steps = arrays.get("timesteps", np.empty(0))
    if steps.ndim != 1 or not np.isfinite(steps).all():
        raise EvidenceError(f"{path}: timesteps is no list of steps; mend or remove the file")
    gaps: list[str] = []
    table: dict[str, NDArray[np.float64]] = {}
    for name, column in COLUMNS.items():
        if name not in arrays:
            continue
        values = arrays[name]
        if values.ndim != 2 or len(values) != len(steps):
            gaps.append(
                f"{path.name}: {name}: expected {len(steps)} rows of episodes, found an array "
                f"of shape {values.shape}; ignored"
            )
        elif values.shape[1]:
            table[column] = values.mean(axis=1)
            table["episodes"] = np.full(len(values), float(values.shape[1]))
    if not table:
        raise EvidenceError(f"{path}: holds no evaluation by step; mend or remove the file")
    table["step"] = steps
    frame = pd.DataFrame(table).reindex(columns=list(EVALUATION_COLUMNS)).astype("float64")
    repeated = int(frame["step"].duplicated(keep="last").sum())
    if repeated:
        gaps.append(f"{path.name}: {repeated} evaluations are repeated; the last of each was kept")
        frame = frame.drop_duplicates("step", keep="last", ignore_index=True)
    return Part(source=path, evaluations=frame, gaps=tuple(gaps))


def _arrays(path: Path) -> dict[str, NDArray[np.float64]]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(item.file_size for item in archive.infolist())
        if size > MAX_BYTES:
            raise EvidenceError(f"{path}: {size:,} bytes unpacked, more than {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name].astype(np.float64) for name in stored.files}
    except UNREADABLE as error:
        raise EvidenceError(f"{path}: cannot be read: {error}; mend or remove the file") from error


IMPORTER = Importer("Stable-Baselines3 evaluations", recognises, read)
