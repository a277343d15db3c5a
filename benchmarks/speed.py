"""Every speed that was promised, measured beside its aim: `make bench`.

Needs the `bench` extra and an idle machine. Ratios are taken within a round against
Stable-Baselines3, which takes part twice: where its ratio to itself (A/A) strays as far from 1 as
a figure from its aim, the figure decides nothing, and the table says so. Exit code 1: an aim was
missed; 3: none was for certain, but some missed by less than A/A strays.

Rows of one thread are CPU time, those of two are wall clock and need both cores idle.

    python benchmarks/speed.py --only update --threads 2
"""

import argparse
import fnmatch
import itertools
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import floor
import loop
import probes
import update
from rich.console import Console
from rich.table import Table

Threads = tuple[int, ...]
THREADS: Threads = (1, 2)
AT = "{size}x{size}, batch {batch}, {threads} threads"


@dataclass(frozen=True)
class Row:
    """A figure and what it is to be at most.

    Attributes:
        what: Is measured, and on which shapes.
        value: Measured.
        aim: At most.
        same: How far, in the middle, the same measure of two things that are the same strays (A/A):
            what the figure can be read to. 0: there is no such measure.
    """

    what: str
    value: float
    aim: float
    same: float = 0.0

    @property
    def verdict(self) -> str:
        """Met or missed, and whether A/A leaves that open."""
        word = "met" if self.value <= self.aim else "missed"
        return f"{word}, within A/A" if abs(self.value - self.aim) < self.same else word


def main() -> None:
    """Prints a row per promise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help="update, loop, floor or probes")
    parser.add_argument("--rounds", type=int, default=8, help="at least five")
    parser.add_argument("--threads", type=int, choices=THREADS, help="1 or 2; default: both")
    options = parser.parse_args()
    if not fnmatch.filter(PARTS, options.only):
        parser.error(f"--only {options.only}: choose {', '.join(PARTS)}")
    load = os.getloadavg()[0]
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TMPDIR"] = scratch  # of run folders that contenders write
        for name, measure in PARTS.items():
            if fnmatch.fnmatch(name, options.only):
                found += measure(options.rounds, (options.threads,) if options.threads else THREADS)
    if not found:
        parser.error(f"--only {options.only} has no row with --threads {options.threads}")
    open_ones = sum("within" in row.verdict for row in found)
    part = f"; --threads {options.threads} alone" if options.threads else ""
    title = f"load {load:.1f} before{part}; {open_ones} of {len(found)} decide nothing (within A/A)"
    table = Table("promise", "measured", "at most", "A/A", "", title=title)
    for row in found:
        cells = (f"{row.value:.3f}", f"{row.aim:.2f}", f"{row.same:.3f}" if row.same else "-")
        table.add_row(row.what, *cells, row.verdict)
    Console(width=110).print(table)
    verdicts = {row.verdict for row in found}
    sys.exit(1 if "missed" in verdicts else 3 if "missed, within A/A" in verdicts else 0)


def updates(rounds: int, used: Threads) -> Iterator[Row]:
    """Yields one update against SB3's."""
    shapes_of = ((84, 128), (64, 128), (48, 64), (84, 256))
    for (size, batch), threads in itertools.product(shapes_of, reversed(used)):
        shapes = {"size": size, "batch": batch, "threads": threads}
        first = (size, batch, threads) == (84, 128, 2)
        aims = {"rca": 0.75, "rca, reused features": 0.70} if first else {"rca": 0.85}
        options = argparse.Namespace(**shapes, rounds=rounds, updates=10 if size > 48 else 20)
        took = update.compare(options, update.CONTENDERS, update.contend)
        update.report("update", options, update.CONTENDERS, took)
        yield from _against(took, aims, f"update, {AT.format(**shapes)}", threads)


def loops(rounds: int, used: Threads) -> Iterator[Row]:
    """Yields the whole loop against SB3's with two threads, and what of it is not the update."""
    if 2 not in used:
        return
    shapes = {"size": 84, "batch": 128, "threads": 2}
    options = argparse.Namespace(**shapes, rounds=rounds, updates=20)
    took = update.compare(options, loop.CONTENDERS, loop.contend)
    update.report("loop", options, loop.CONTENDERS, took)
    aims = {"rca": 0.70, "rca, probed": 0.70}
    yield from _against(took, aims, f"loop, {AT.format(**shapes)}", 2)
    shares = [loop.outside(**shapes) for _ in range(3)]
    yield Row(f"outside the update, {AT.format(**shapes)}", statistics.median(shares), 0.08)


def floors(rounds: int, used: Threads) -> Iterator[Row]:
    """Yields an update against what its arithmetic takes."""
    for threads in used:
        shapes = {"size": 84, "batch": 128, "threads": threads}
        measured = floor.floors(argparse.Namespace(**shapes, rounds=rounds))
        for kind, (value, same) in measured.items():
            yield Row(f"floors an update takes, {kind}, {AT.format(**shapes)}", value, 1.7, same)


def probed(rounds: int, used: Threads) -> Iterator[Row]:
    """Yields what the default probes add to an update, in one thread's CPU time."""
    if 1 not in used:
        return
    for size, batch, aim in ((84, 128, 0.01), (48, 64, 0.02)):
        shapes = {"size": size, "batch": batch, "threads": 1}
        options = argparse.Namespace(**shapes, rounds=-(-rounds // 3) * 3, updates=100)
        value, same = probes.cost(options)
        yield Row(f"probes add, {AT.format(**shapes)}", value, aim, same)


PARTS: dict[str, Callable[[int, Threads], Iterator[Row]]] = {
    "update": updates,
    "loop": loops,
    "floor": floors,
    "probes": probed,
}


def _against(took: update.Rounds, aims: dict[str, float], what: str, threads: int) -> Iterator[Row]:
    clock = 1 if threads == 1 else 0  # CPU time of one thread, else the wall clock
    ratios = {
        name: [rounds[name][clock] / rounds["SB3"][clock] for rounds in took] for name in took[0]
    }
    same = statistics.median(abs(ratio - 1) for ratio in ratios["SB3 again"])
    for name, aim in aims.items():
        yield Row(f"{what}: {name}", statistics.median(ratios[name]), aim, same * aim)


if __name__ == "__main__":
    main()
