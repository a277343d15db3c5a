"""How numbers and foreign text are put into words."""

import math
import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Literal, TypeVar

MAX_CHARS = 600
"""Longer texts of a recording are cut: a 10 kB tag name must not bury the report."""
NOT_MEASURED = "not measured"
Tone = Literal["", "good", "bad", "warn", "void", "muted"]
"""How a text is coloured; words carry the meaning, never colour alone."""
MINUS = "\N{MINUS SIGN}"

T = TypeVar("T")


def number(value: float | None, unit: str = "") -> str:
    """Returns a number as people read it: about three digits, never more than were measured.

    Args:
        value: NaN or None: not measured.
        unit: "1" and "" are left out; "%" takes a share in [0, 1].
    """
    if value is None or math.isnan(value):
        return NOT_MEASURED
    if unit == "m" and 0 < abs(value) < 0.005:
        return "0.00 m"  # a car that stands still drifts by less than its simulator resolves
    if unit == "%":
        return f"{_digits(100 * value)} %"
    return f"{_digits(value)} {unit}" if unit not in ("", "1") else _digits(value)


def signed(value: float, unit: str = "") -> str:
    """Returns a difference with its sign."""
    if math.isnan(value):
        return NOT_MEASURED
    text = number(value, unit)
    return text if text.startswith(MINUS) or value == 0 else f"+{text}"


def _digits(value: float) -> str:
    if math.isinf(value):
        return "infinite" if value > 0 else f"{MINUS}infinite"
    size = abs(value)
    if size >= 1e6 or 0 < size < 1e-3:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    elif value == int(value) or size >= 100:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", MINUS)


def setting(value: object) -> str:
    """Returns a config value in full, as it would be typed."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if math.isclose(float(f"{value:g}"), value) else repr(value)
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def listing(words: list[str]) -> str:
    """Returns "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(count: int, noun: str) -> str:
    """Returns "1 check", "3 checks", "no check"."""
    if count == 0:
        return f"no {noun}"
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def plain(text: str, limit: int = MAX_CHARS) -> str:
    """Returns foreign text as one printable piece of bounded length.

    Control characters break XML and terminals; bidirectional ones reorder the words around them
    and make a reader see what is not there (CVE-2021-42574). They become visible escapes.
    """
    shown = "".join(c if _harmless(c) else f"<U+{ord(c):04X}>" for c in text[:limit])
    if len(text) > limit:
        shown += f" \N{HORIZONTAL ELLIPSIS} ({len(text):,} characters)"
    return shown


def _harmless(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"


def tidy(part: T) -> T:
    """Returns a copy of plain data in which every text went through `plain`."""
    if isinstance(part, str):
        return plain(part)  # type: ignore[return-value]
    if isinstance(part, tuple):
        return tuple(tidy(item) for item in part)  # type: ignore[return-value]
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{f.name: tidy(getattr(part, f.name)) for f in fields(part)})
    return part
