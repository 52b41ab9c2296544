from itertools import pairwise

import av
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.media.film.restamp import ranks, reorder_depth, restamped


@given(
    st.lists(st.integers(1, 9000), min_size=1, max_size=40), st.integers(-9000, 9000), st.integers(0, 3), st.randoms()
)
def test_dts_rises_and_never_passes_pts(steps: list[int], start: int, spread: int, chance) -> None:
    stamps = start + np.cumsum([0, *steps])
    order = sorted(range(len(steps)), key=lambda number: number + chance.uniform(0, spread))
    places = ranks(order)
    depth = reorder_depth(places)
    packets = list(restamped([av.Packet(4) for _ in order], places, stamps, depth))
    dts = [packet.dts for packet in packets]
    assert all(one < other for one, other in pairwise(dts))
    assert all(packet.dts <= packet.pts for packet in packets)
    assert sorted(packet.pts for packet in packets) == stamps[:-1].tolist()
    assert all(packet.pts + packet.duration in stamps for packet in packets)


def test_without_reordering_frames_are_decoded_when_they_are_shown() -> None:
    packets = list(restamped([av.Packet(4) for _ in range(3)], [0, 1, 2], np.array([7, 9, 30, 31]), 0))
    assert [(p.dts, p.pts, p.duration) for p in packets] == [(7, 7, 2), (9, 9, 21), (30, 30, 1)]
