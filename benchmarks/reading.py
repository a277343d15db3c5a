"""What reading a gigabyte of TensorBoard event files costs: `python benchmarks/reading.py`.

Writes an event file, reads it as `rca check` does in a process of its own, and prints seconds and
the peak of that process's memory. The bar is 2 GB (issue 5). `--keep FOLDER` leaves the file there,
to read it with another version of rca: `python benchmarks/reading.py --read FOLDER`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from rca.runs.event_file import HEAD, TAIL, masked
from rca.runs.tags import load_tags

BAR = 2_000_000_000
"""Bytes of memory that 1 GB of event files, or 10 million scalars, may take (issue 5)."""
LONG = "unknown/" + "a_long_name_as_nested_modules_get_" * 3
READ = """
import json, resource, sys, time
from pathlib import Path
from rca.runs.load import load_run
began, cpu, shares = time.monotonic(), time.process_time(), []
record = load_run(Path(sys.argv[1]), progress=lambda path, share: shares.append(share))
print(json.dumps({
    "seconds": round(time.monotonic() - began, 1),
    "cpu_seconds": round(time.process_time() - cpu, 1),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "signals": len(record.signals),
    "reports": len(shares),
    "scalars": sum(len(signal) for signal in record.signals.values()),
}))
"""


def write(path: Path, scalars: int) -> None:
    """Writes an event file: every 10 steps a value of each known and of as many unknown tags."""
    known = [tag for tag in load_tags() if not tag.startswith(("eval/", "train/episode"))]
    tags = known + [f"{LONG}{n}" for n in range(len(known))]
    with path.open("wb") as file:
        file.write(_framed(Event(wall_time=1e9, file_version="brain.Event:2")))
        for number in range(scalars):
            value = Summary.Value(tag=tags[number % len(tags)], simple_value=number % 1013)
            event = Event(
                wall_time=1e9 + number * 0.01,
                step=10 * (1 + number // len(tags)),
                summary=Summary(value=[value]),
            )
            file.write(_framed(event))


def _framed(event: Event) -> bytes:
    """Returns an event as it stands in a file; tensorboard's own writer takes 25 us for it."""
    record = event.SerializeToString()
    length = len(record).to_bytes(8, "little")
    return HEAD.pack(len(record), masked(length)) + record + TAIL.pack(masked(record))


def measure(folder: Path) -> dict[str, float]:
    """Returns seconds, peak memory in bytes, signals and reports of progress of reading a folder.

    Raises:
        subprocess.CalledProcessError: The reader broke.
    """
    command = [sys.executable, "-c", READ, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Writes, reads and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scalars", type=int, default=10_000_000)
    parser.add_argument("--keep", type=Path, help="an empty folder for the file; stays")
    parser.add_argument("--read", type=Path, help="reads this folder only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.read or arguments.keep or Path(scratch)
        if arguments.read is None:
            path = folder / "events.out.tfevents.1.host.1.0"
            began = time.monotonic()
            write(path, arguments.scalars)
            size = path.stat().st_size / 1e9
            print(f"written: {size:.2f} GB in {time.monotonic() - began:.0f} s")
        found = measure(folder)
    print(f"read: {json.dumps(found)}")
    print(f"peak memory {found['peak'] / 1e9:.2f} GB, bar {BAR / 1e9:.0f} GB")
    sys.exit(int(found["peak"] > BAR))


if __name__ == "__main__":
    main()
