"""Text from outside: the encodings in which editors and shells leave logs and configs."""

import codecs
from pathlib import Path
from typing import TextIO

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks; that of UTF-32 begins with that of UTF-16, so it comes first."""


def encoding_of(head: bytes) -> str:
    """Returns the encoding that a file's first bytes show, UTF-8 where they show none."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), "utf-8")


def read_text(path: Path) -> str:
    """Returns a file's text; what is neither marked nor UTF-8 is taken for Latin-1.

    Digits, keys and punctuation are the same in both, so only remarks could be misread.

    Raises:
        OSError: Unreadable.
        UnicodeDecodeError: It does not hold what its byte order mark promises.
    """
    content = path.read_bytes()
    name = encoding_of(content[:4])
    if name != "utf-8":
        return content.decode(name)
    try:
        return content.decode(name)
    except UnicodeDecodeError:
        return content.decode("latin-1")


def opened(path: Path) -> TextIO:
    """Opens a file for reading by lines; bytes that are not of its encoding become U+FFFD."""
    with path.open("rb") as file:
        encoding = encoding_of(file.read(4))
    return path.open(encoding=encoding, newline="", errors="replace")
