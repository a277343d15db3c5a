"""Records as no run should leave them: NaN, infinities, negative lengths, phases that overlap."""

import math

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rca.runs.record import Outcome, Phase, Signal
from tests.records import blank, episodes, evaluations, healthy
from tests.wiring_facts import empty, sound

numbers = st.floats(-1e6, 1e6) | st.sampled_from(
    [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e308, 5e-324]
)
names = st.sampled_from(sorted(healthy().signals))


def columns(size: int) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float64, size, elements=numbers, fill=numbers)


@st.composite
def signals(draw):
    num: int = draw(st.integers(0, 30))
    values = draw(columns(num))
    steps = np.sort(draw(arrays(np.int64, len(values), elements=st.integers(-5, 10**7))))
    return Signal(draw(names), "", steps, values)


@st.composite
def odd_records(draw):
    drawn = draw(st.lists(signals(), max_size=12))
    rows: int = draw(st.integers(0, 40))
    column = columns(rows)
    with np.errstate(all="ignore"):
        table = episodes(draw(column), draw(column))
    if draw(st.booleans()):
        odd = ("end_step", "start_step", "success", "collisions")
        table = table.assign(**{name: draw(column) for name in odd})
    rounds: int = draw(st.integers(0, 6))
    value = columns(rounds)
    rated = evaluations(
        draw(value), updates=draw(value), mean_length=draw(value), mean_return=draw(value)
    )
    count = st.none() | st.integers(0, 10**6)
    found = draw(
        st.sampled_from(
            [
                (),
                (Phase("random", 1, 50),),
                (Phase("learning", 1, 9),),
                (Phase("random", 1, 500), Phase("learning", 501, 40_000)),
            ]
        )
    )
    return blank(
        signals={item.name: item for item in drawn},
        episodes=table,
        evaluations=rated,
        phases=found,
        wiring=draw(st.sampled_from([None, empty(), sound()])),
        outcome=Outcome("unknown", draw(count), draw(count), draw(count), draw(count)),
        config=draw(
            st.dictionaries(
                st.sampled_from(sorted(healthy().config)),
                numbers | st.none() | st.text(max_size=3) | st.booleans(),
            )
        ),
        results=draw(st.dictionaries(st.sampled_from(["total_timesteps"]), numbers | st.none())),
    )
