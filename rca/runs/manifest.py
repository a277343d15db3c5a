"""manifest.json: what a run was started with, on what, and how it stands."""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import filelock

import rca
from rca.config import RunConfig
from rca.errors import EvidenceError
from rca.whole_file import whole_file

BROKEN_PROBES = "broken_probes"
"""Entry: signal, step and reason of each probe that raised and is left out since."""
WITHOUT_REPLAY = "resumed_without_replay"
"""Entry: the steps at which the run went on with an empty replay."""
CODE_OF_CHANGES = "code_of_changes"
"""Entry: digest of the code of each planted fault."""
RESUMED = "resumed"
"""Entry: what each later session of the run was, from `at` on; of older versions, its time."""
OF_EACH = ("command", "versions", "git", "machine")
"""Entries that each session has: the manifest's own are of the first."""
DECIDING = {"td3-rca": "rca", "torch": "torch", "carla": "carla"}
"""Packages by whose versions the bits of a run may differ, as they are called."""
SCHEMA = 1
"""Version of the run folder's layout; readers refuse newer ones and read older ones."""
MANIFEST = "manifest.json"
UPDATES_BEFORE = "updates_before_steps"
"""Entry of a watched run's manifest: critic updates that were made before the first step."""
WIRING = "wiring.json"
"""What the wiring audit of a watched trainer saw."""
LOCK = ".lock"
"""Held by the writing process for as long as it lives; the system frees it when it dies."""
LOCK_SECONDS = 0.2
"""To wait for the lock: another reader holds it for an instant."""
PACKAGES = ("td3-rca", "torch", "carla", "numpy", "pandas", "gymnasium")


def describe(config: RunConfig | None) -> dict[str, object]:
    """Returns a manifest for a run that starts now in this process; None: a foreign trainer's."""
    return {
        "schema": SCHEMA,
        "status": "running",
        "error": "",
        "started": now(),
        "ended": None,
        "pid": os.getpid(),
        "command": list(sys.argv),
        "seed": config.budget.seed if config else None,
        "config_digest": config.digest() if config else None,
        "versions": versions(),
        "git": git_state(),
        "machine": machine(),
    }


def code_of(faults: Iterable[str]) -> dict[str, str]:
    """Returns 12 hex digits of the SHA-256 over each fault's code and what all faults share."""
    folder = Path(rca.__file__).parent / "faults"
    shared = (folder / "_plant.py").read_bytes()
    found = {}
    for name in faults:
        path = folder / f"{name}.py"  # a change from elsewhere has none
        own = path.read_bytes() if path.is_file() else b""
        found[name] = hashlib.sha256(own + shared).hexdigest()[:12]
    return found


def sessions(manifest: Mapping[str, object]) -> list[object]:
    """Returns what a manifest says of each session after the first."""
    found = manifest.get(RESUMED)
    return found if isinstance(found, list) else []


def last_session(manifest: Mapping[str, object]) -> Mapping[str, object]:
    """Returns what holds versions and machine of the session that wrote last, if one is known.

    A resume by an older version put its machine in the place of the first session's.
    """
    later = [found for found in sessions(manifest)[-1:] if isinstance(found, Mapping)]
    return later[0] if later else manifest


def other_versions(before: Mapping[str, object]) -> list[str]:
    """Returns a few words for each version that differs from that of a session before."""
    then, here = before.get("versions"), versions()
    if not isinstance(then, Mapping):
        return []
    return [
        f"{name} is {here[package]}, was {then[package]}"
        for package, name in DECIDING.items()
        if package in then and then[package] != here[package]
    ]


def now() -> str:
    """Returns the time as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str | None]:
    """Returns the versions of Python and of what decides a result; None where not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def git_state() -> dict[str, object]:
    """Returns commit and dirty flag of the code that runs; both None outside its repository."""
    folder = Path(rca.__file__).parent
    # A copy installed below some other repository must not report that repository's commit.
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return {"commit": None, "dirty": None}
    status = _git(folder, "status", "--porcelain", "--untracked-files=no")
    dirty = None if status is None else bool(status)
    return {"commit": _git(folder, "rev-parse", "HEAD"), "dirty": dirty}


def code(manifest: Mapping[str, object]) -> str:
    """Returns by which code a run was made: the commit, whether it was changed, else the version.

    As in "940e0fc12 with changes"; "" where the manifest does not tell.
    """
    git, made = manifest.get("git"), manifest.get("versions")
    if isinstance(git, Mapping) and isinstance(git.get("commit"), str):
        return f"{git['commit'][:9]}" + (" with changes" if git.get("dirty") else "")
    version = made.get("td3-rca") if isinstance(made, Mapping) else None
    return f"version {version}" if isinstance(version, str) else ""


def this_code() -> str:
    """Returns the name of the code that runs now, as `code` does of a run's."""
    return code({"git": git_state(), "versions": versions()})


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def machine() -> dict[str, object]:
    """Returns CPU count, CPU model, operating system and host name."""
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "os": platform.platform(),
        "host": platform.node(),
    }


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes strict JSON so that a reader sees the old file or the new one, never a part.

    Raises:
        ValueError: The content holds NaN or infinity.
    """
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a file so that a reader sees the old one or the new one, never a part."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with whole_file(path, partial) as file:
            file.write(text.encode())
    finally:
        partial.unlink(missing_ok=True)


def read_manifest(folder: Path) -> dict[str, object]:
    """Returns a run folder's manifest.

    Raises:
        EvidenceError: Unreadable or not a manifest.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool):
        raise EvidenceError(f"{path}: no integer under `schema`; not a manifest of rca")
    return dict(manifest)


def is_written_to(folder: Path, manifest: Mapping[str, object]) -> bool:
    """Tells whether the process that writes a run folder is still alive.

    It holds the folder's lock as long as it lives. A child that it forked may hold the lock longer,
    so on the same machine its process must exist as well.
    """
    held = _is_held(folder / LOCK)
    if held is False:
        return False
    machine_of_run = last_session(manifest).get("machine")
    host = machine_of_run.get("host") if isinstance(machine_of_run, Mapping) else None
    if host == platform.node():
        return _process_exists(manifest.get("pid"))
    return held is True


def _is_held(path: Path) -> bool | None:
    """Tells whether a process holds a lock, None where that cannot be found out."""
    if not path.exists() or not os.access(path, os.W_OK):
        return None
    try:
        with filelock.FileLock(path, timeout=LOCK_SECONDS):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # a file system without locks
        return None


def _process_exists(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0 or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
