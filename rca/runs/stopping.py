"""Ctrl-C and SIGTERM: a question that a training asks before each step, unheard at its end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

FINISHING = "finishing the step or evaluation, then saving; Ctrl-C again stops now"


@contextmanager
def stop_on_ctrl_c(
    told: Callable[[str], None] = lambda line: None,
) -> Iterator[Callable[[], bool]]:
    """Yields a question: was Ctrl-C pressed, or SIGTERM sent? The same again interrupts at once.

    Args:
        told: Told once what the first one leads to, from inside the signal's handler.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set  # only the main thread may install signal handlers
        return

    def note(number: int, frame: FrameType | None) -> None:
        # This one only: a launcher that was itself sent SIGINT may send SIGTERM on.
        signal.signal(number, signal.default_int_handler)
        if not asked.is_set():
            asked.set()
            told(FINISHING)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unstoppable() -> Iterator[None]:
    """Lets no Ctrl-C or SIGTERM stop what takes an instant: a folder's last lines."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
