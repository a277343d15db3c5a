"""Which settings some code reads, which it does not, and which it reads though nobody declares."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rca.audit.program import Found, Read
from rca.audit.settings import Key, Setting
from rca.audit.trace import Access

EVERYTHING = {"__dict__", "vars", "locals", "globals", "asdict"}
"""Names whose use reads attributes without naming them."""
ALIKE = 0.85
"""Share of common letters from which two names are one, misspelt (difflib's ratio)."""


class Use(StrEnum):
    """What becomes of a setting."""

    READ = "read"
    DROPPED = "dropped"
    """Read into a variable or attribute that nothing uses."""
    UNCERTAIN = "uncertain"
    NEVER = "never"


@dataclass(frozen=True)
class Usage:
    """What becomes of one setting.

    Attributes:
        setting: Which.
        use: See Use.
        reason: Where it is read, or why nothing can be told.
    """

    setting: Setting
    use: Use
    reason: str = ""


def usages(settings: Sequence[Setting], found: Found) -> list[Usage]:
    """Returns what becomes of each setting."""
    known = _Known(settings, found)
    return [known.usage(item) for item in settings]


class _Known:
    """Settings and reads, made ready for being matched."""

    def __init__(self, settings: Sequence[Setting], found: Found) -> None:
        self.sections = {name for item in settings for name in item.key[:-1]}
        self.found = found
        self.by_leaf: dict[str, list[Read]] = {}
        for read in found.reads:
            self.by_leaf.setdefault(read.access.key[-1], []).append(read)
        self.leaves: dict[str, int] = {}
        for key in {item.key for item in settings}:
            self.leaves[key[-1]] = self.leaves.get(key[-1], 0) + 1

    def usage(self, item: Setting) -> Usage:
        leaf = item.key[-1]
        reads = [r for r in self.by_leaf.get(leaf, []) if self._matches(r.access, item.key)]
        certain = [r for r in reads if self._certain(r.access, item.key)]
        if certain and all(self._dropped(read) for read in certain):
            places = ", ".join(f"{r.kept_in} at {place(r)}" for r in certain[:2])
            return Usage(item, Use.DROPPED, places)
        if certain:
            return Usage(item, Use.READ, place(certain[0]))
        if reads:
            return Usage(item, Use.UNCERTAIN, f"read of some section at {place(reads[0])}")
        for access, where in self.found.whole.items():
            if _holds(self._plain(access), access.from_top, item.key):
                return Usage(item, Use.UNCERTAIN, f"its section is handed on whole at {where}")
        if {".".join(item.key[n:]) for n in range(len(item.key))} & self.found.mentions:
            return Usage(item, Use.UNCERTAIN, f"the text {leaf!r} stands in the code")
        return Usage(item, Use.NEVER)

    def _matches(self, access: Access, key: Key) -> bool:
        read = self._plain(access)
        if access.from_top:
            return read == key
        shared = min(len(read), len(key))
        return read[-shared:] == key[-shared:]

    def _certain(self, access: Access, key: Key) -> bool:
        """Tells whether a read can mean no other setting."""
        return access.from_top or len(self._plain(access)) > 1 or self.leaves[key[-1]] == 1

    def _plain(self, access: Access) -> Key:
        """Returns a read's key without the names of objects before it, as `self.cfg.` is."""
        start = 0
        while start < min(access.by_name, len(access.key) - 1):
            if access.key[start] in self.sections:
                break
            start += 1
        return access.key[start:]

    def _dropped(self, read: Read) -> bool:
        used = self.found.used
        return bool(read.kept_in) and read.kept_in not in used and not used & EVERYTHING


def _holds(section: Key, from_top: bool, key: Key) -> bool:
    if from_top:
        return key[: len(section)] == section
    size = len(section)
    return any(key[i : i + size] == section for i in range(len(key) - size + 1))


@dataclass(frozen=True)
class Absent:
    """A key that code reads and no file declares.

    Attributes:
        read: Where, and what is taken instead.
        dotted: As far as the code shows it.
        meant: The declared key that is spelt nearly so and read nowhere, None if there is none.
    """

    read: Read
    dotted: str
    meant: Setting | None


def absent(settings: Sequence[Setting], found: Found, unread: Sequence[Setting]) -> list[Absent]:
    """Returns keys that code reads within declared sections, or in place of unread ones.

    Args:
        settings: All that is declared.
        found: Of the code.
        unread: Those of the settings that no code reads.
    """
    known = _Known(settings, found)
    keys = {item.key for item in settings}
    sections = {key[:n] for key in keys for n in range(1, len(key))}
    seen: dict[Key, Absent] = {}
    for read in found.reads:
        key = known._plain(read.access)
        if key in seen or _declared(key, keys | sections):
            continue
        meant = _spelt_like(key, unread)
        within = read.access.by_name == 0 and len(key) > 1 and _declared(key[:-1], sections)
        if meant is not None or within:
            seen[key] = Absent(read, ".".join(key), meant)
    return list(seen.values())


def _declared(key: Key, keys: Iterable[Key]) -> bool:
    """Tells whether a key is the end of one of some keys, or one of them is its end."""
    return any(k[-min(len(k), len(key)) :] == key[-min(len(k), len(key)) :] for k in keys)


def _spelt_like(key: Key, unread: Sequence[Setting]) -> Setting | None:
    """Returns the unread setting in the same section whose name differs by a letter or two."""
    near = {item.key[-1]: item for item in unread if _same_section(key, item.key)}
    same = [name for name in near if _letters(name) == _letters(key[-1])]
    close = same or difflib.get_close_matches(key[-1], near, n=1, cutoff=ALIKE)
    return near[close[0]] if close else None


def _same_section(read: Key, key: Key) -> bool:
    shared = min(len(read), len(key)) - 1
    return shared == 0 or read[-1 - shared : -1] == key[-1 - shared : -1]


def _letters(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def place(read: Read) -> str:
    """Returns where something is read, as in `agent.py:31`."""
    return f"{read.file.name}:{read.line}"
