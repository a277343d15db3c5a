"""Ctrl-C and SIGTERM: a question that a training asks before each step, unheard at its end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | signal.Handlers
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

    def note(number: int, frame: FrameType | None) -> None:
        # This one only: a launcher that was itself sent SIGINT may send SIGTERM on.
        signal.signal(number, signal.default_int_handler)
        if not asked.is_set():
            asked.set()
            told(FINISHING)

    with _answered_by(note):
        yield asked.is_set


@contextmanager
def unstoppable() -> Iterator[None]:
    """Drops Ctrl-C and SIGTERM during a folder's last lines: nothing is left to be stopped."""
    with _answered_by(signal.SIG_IGN):
        yield


@contextmanager
def deferred() -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM wait for the end of what takes an instant; then they take effect."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)

    try:
        with _answered_by(hold):
            yield
    finally:
        for number in held:
            signal.raise_signal(number)


@contextmanager
def _answered_by(handler: Handler) -> Iterator[None]:
    """Has a handler answer Ctrl-C and SIGTERM meanwhile; only the main thread may install one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
