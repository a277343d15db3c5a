"""Signals of a run: the first asks, the second interrupts, and none cuts its last lines off."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from rca.runs.stopping import FINISHING, deferred, stop_on_ctrl_c, unstoppable

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_asks_and_the_second_interrupts(number):
    with stop_on_ctrl_c() as asked:
        assert not asked()
        os.kill(os.getpid(), number)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_one_of_each_asks_and_what_it_leads_to_is_told_once():
    told: list[str] = []
    with stop_on_ctrl_c(told.append) as asked:
        for number in SIGNALS:
            os.kill(os.getpid(), number)
            assert told == [FINISHING]
    assert asked()


@pytest.mark.parametrize("number", SIGNALS)
def test_what_takes_an_instant_is_not_interrupted(number):
    with stop_on_ctrl_c() as asked:
        os.kill(os.getpid(), number)
        with unstoppable():
            os.kill(os.getpid(), number)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert asked()


def deferring(done, *numbers, error=None):
    """Sends signals in a block that defers them, and says when it was done."""
    with deferred():
        for number in numbers:
            os.kill(os.getpid(), number)
        if error:
            raise error
        done.append(len(numbers))


@pytest.mark.parametrize("number", SIGNALS)
def test_what_comes_in_between_takes_effect_afterwards(number):
    done: list[int] = []
    with stop_on_ctrl_c() as asked:
        with deferred():
            os.kill(os.getpid(), number)
            assert not asked()
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            deferring(done, number)
    assert done == [1]


@pytest.mark.parametrize("number", SIGNALS)
def test_two_that_come_in_between_interrupt_afterwards(number):
    done: list[int] = []
    with stop_on_ctrl_c() as asked:
        with pytest.raises(KeyboardInterrupt):
            deferring(done, number, number)
        assert asked()
    assert done == [2]


def test_an_error_in_between_is_not_hidden_by_a_first_one():
    with stop_on_ctrl_c() as asked:
        with pytest.raises(OSError, match="full"):
            deferring([], signal.SIGINT, error=OSError("full"))
        assert asked()


@pytest.mark.parametrize("block", [deferred, unstoppable])
def test_in_another_thread_no_handler_is_installed(block):
    def handler():
        with block():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handler).result() is signal.getsignal(signal.SIGINT)
