import numpy as np
import pytest

from f2s_ray.media.film.deinterlace import CONTEXT_FRAMES, deinterlaced
from tests.media.film.test_interlace import field_moment, woven

COUNT = 12


def greys(frames):
    return [frame.reformat(format="gray").to_ndarray().astype(float) for frame in frames]


def truth():
    chance = np.random.default_rng(0)
    return [field_moment(number, 0.0, chance) for number in range(COUNT)]


def off(frames):
    """How far frames are from the truth, but for the first and the last two."""
    return np.mean([np.abs(a - b).mean() for a, b in list(zip(frames, truth(), strict=True))[2:-2]])


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_frames_become_whole_at_the_moment_of_their_first_field(order):
    found, combed = greys(deinterlaced(woven(order, COUNT), order)), greys(woven(order, COUNT))
    assert len(found) == COUNT
    rounding = off(greys(woven("progressive", COUNT)))
    assert off(found) - rounding < 0.5 * (off(combed) - rounding)


def test_a_stretch_with_its_context_is_as_the_whole():
    whole = greys(deinterlaced(woven("tff", COUNT), "tff"))
    part = list(woven("tff", COUNT))[4 - CONTEXT_FRAMES : 8 + CONTEXT_FRAMES]
    found = greys(deinterlaced(part, "tff"))[CONTEXT_FRAMES:-CONTEXT_FRAMES]
    assert all((a == b).all() for a, b in zip(whole[4:8], found, strict=True))


def test_nothing_gives_nothing():
    assert list(deinterlaced([], "tff")) == []
