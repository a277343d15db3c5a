"""Signals of a run: the first asks, the second interrupts, and none cuts its last lines off."""

import os
import signal

import pytest

from rca.runs.stopping import FINISHING, stop_on_ctrl_c, unstoppable

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
