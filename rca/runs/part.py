"""What one importer found in one file; `rca.runs.merge` makes a RunRecord of several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.probes.histogram import Histogram
from rca.runs.record import Outcome, Phase, Signal, Strip
from rca.runs.tags import TagTable
from rca.wiring.facts import Wiring

Floats = NDArray[np.float64]
Progress = Callable[[Path, float], None]
"""Told now and then which file is being read and the share of it that is done, in [0, 1]."""


@dataclass(frozen=True)
class Options:
    """How to read.

    Attributes:
        tags: Meaning of foreign tags.
        progress: Told about large files.
    """

    tags: TagTable
    progress: Progress | None = None


@dataclass(frozen=True)
class Series:
    """One scalar tag of a recording, as logged.

    Attributes:
        tag: The foreign name.
        steps: x axis as logged: environment steps or episodes. [n]
        values: NaN where NaN was logged. [n]
        walls: Wall-clock seconds of each record; NaN where the format has none. [n]
    """

    tag: str
    steps: NDArray[np.int64]
    values: Floats
    walls: Floats


@dataclass(frozen=True)
class Part:
    """What one file says about a run; empty fields mean that it says nothing about them.

    Attributes:
        source: The file.
        series: Scalar tags as logged, still to be interpreted.
        signals: Signals over environment steps.
        episodes: One array per episode column or `episode/...` signal, a value per episode.
        evaluations: Rows with some of EVALUATION_COLUMNS.
        config: Declared values by dotted key.
        results: Content of a results.json.
        provenance: Anything else worth keeping.
        gaps: What could not be read or was repaired.
        notes: What was decided or inferred while reading.
        outcome: How the run ended, if the file says so.
        phases: If the file says so.
        cut_off: True if the file ends before the run did.
        selected: True if it holds the columns that somebody chose of what was logged.
        complete: True if the file alone describes the whole run (our own run folders).
        wiring: What the audit of a watched trainer saw.
        strips: Camera frames before episodes ended.
        histograms: In order of time.
    """

    source: Path
    series: tuple[Series, ...] = ()
    signals: tuple[Signal, ...] = ()
    episodes: Mapping[str, NDArray[np.generic]] = field(default_factory=dict)
    evaluations: pd.DataFrame | None = None
    config: Mapping[str, object] = field(default_factory=dict)
    results: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    outcome: Outcome | None = None
    phases: tuple[Phase, ...] = ()
    cut_off: bool = False
    selected: bool = False
    complete: bool = False
    wiring: Wiring | None = None
    strips: tuple[Strip, ...] = ()
    histograms: tuple[Histogram, ...] = ()


@dataclass(frozen=True)
class Importer:
    """Reads one format; found by `rca.collect` in rca/runs/importers.

    Attributes:
        name: Of the format, for messages.
        recognises: Tells by name and first bytes whether a file is of this format.
        read: Returns what the file says; raises EvidenceError if nothing can be read.
        is_config: Tells that the format declares values and records nothing.
        combine: Makes one part of several files of the format in one folder, if they belong
            together; None: several that hold results are several runs.
    """

    name: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Options], Part]
    is_config: bool = False
    combine: Callable[[Sequence[Part]], Part] | None = None
