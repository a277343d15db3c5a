"""Streams: one seed gives every generator, and none depends on another's draws."""

import torch

from rca.td3.streams import Streams, episode_seed


def drawn(streams):
    return [
        streams.exploration.random(),
        streams.replay.random(),
        float(torch.rand(1, generator=streams.init)),
        float(torch.rand(1, generator=streams.smoothing)),
        streams.routes,
        streams.held_out,
    ]


def test_one_seed_gives_the_same_streams_and_another_seed_gives_others():
    assert drawn(Streams.spawn(5)) == drawn(Streams.spawn(5))
    assert all(
        a != b for a, b in zip(drawn(Streams.spawn(5)), drawn(Streams.spawn(6)), strict=True)
    )


def test_streams_of_one_seed_differ_from_each_other():
    assert len(set(drawn(Streams.spawn(5)))) == 6


def test_a_draw_from_one_stream_leaves_the_others_alone():
    quiet, busy = Streams.spawn(5), Streams.spawn(5)
    busy.exploration.random(1000)
    assert drawn(quiet)[1:] == drawn(busy)[1:]


def test_episode_seeds_differ_and_fit_a_reset():
    seeds = [episode_seed(7, index) for index in range(2000)]
    assert len(set(seeds)) == 2000
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seeds[3] == episode_seed(7, 3) != episode_seed(8, 3)
