from itertools import pairwise

import numpy as np
import pytest

from f2s_ray.media.cuts import FilmShot, find_shots
from tests.media.films import black, dissolved, faded, pixels, still, texture, window


def cuts(frames, noise=0.004):
    shots = list(find_shots(pixels(frames, noise)))
    assert shots[0].first_frame == 0
    assert shots[-1].stop_frame == len(frames)
    assert all(before.stop_frame == after.first_frame for before, after in pairwise(shots))
    assert all(0 < shot.cut_score <= 1 for shot in shots)
    return [shot.first_frame for shot in shots[1:]]


THREE_SHOTS = still(1, 25) + still(2, 30) + still(3, 20)


def test_a_film_without_frames_has_no_shots():
    assert list(find_shots([])) == []


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_short_film_is_one_shot(count):
    assert list(find_shots(pixels(still(1, count)))) == [FilmShot(0, count, 1.0)]


def test_hard_cuts_are_found_to_the_frame():
    assert cuts(THREE_SHOTS) == [25, 55]


def test_cuts_near_the_ends_of_a_short_film_and_in_quick_succession_are_found():
    assert cuts(still(1, 5) + still(2, 10) + still(3, 4)) == [5, 15]
    quick = [frame for seed in range(1, 9) for frame in still(seed, 4)]
    assert cuts(quick) == list(range(4, 32, 4))


def test_noise_hides_no_cut_and_makes_none():
    assert cuts(THREE_SHOTS, noise=0.1) == [25, 55]


def test_a_dark_film_has_its_cuts():
    assert cuts([frame * 0.12 for frame in THREE_SHOTS], noise=0.02) == [25, 55]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_flashes_are_no_cuts(length):
    flash = [np.clip(frame * 3 + 0.2, 0, 1) for frame in still(1, length)]
    white = [np.ones_like(frame) for frame in flash]
    assert cuts(still(1, 15) + flash + still(1, 12) + white + still(1, 15) + still(2, 15)) == [42 + 2 * length]


def test_a_long_flash_and_slow_change_after_it_are_no_cuts():
    flash = [np.clip(frame * 3 + 0.2, 0, 1) for frame in still(1, 7)]
    after = [frame * (1 - 0.002 * index) for index, frame in enumerate(still(1, 30))]
    assert cuts(still(1, 15) + flash + after + still(2, 15)) == [52]


def test_a_pan_and_changing_light_are_no_cuts():
    picture = texture(4, width=700)
    levels = 1 + 0.3 * np.sin(np.arange(60))
    assert cuts([window(picture, 8 * i) * level for i, level in enumerate(levels)]) == []


def test_a_dissolve_is_one_cut_inside_its_span():
    film = still(1, 30) + dissolved(window(texture(1)), window(texture(2)), 14) + still(2, 30)
    (cut,) = cuts(film)
    assert 30 <= cut <= 44


def test_a_fade_through_black_is_one_cut_inside_its_span():
    down = list(np.linspace(1, 0, 12))
    film = still(1, 20) + faded(still(1, 12), down) + black(3) + faded(still(2, 12), down[::-1]) + still(2, 20)
    (cut,) = cuts(film)
    assert 20 <= cut <= 47


def test_black_at_the_ends_of_a_film_is_no_cut():
    rise = list(np.linspace(0, 1, 12))
    film = black(10) + faded(still(1, 12), rise) + still(1, 20) + faded(still(1, 12), rise[::-1]) + black(10)
    assert cuts(film) == []


def test_frames_may_change_their_size_midway():
    large = [np.kron(frame, np.ones((2, 2, 1), np.uint8)) for frame in pixels(still(1, 12))]
    assert len(list(find_shots(pixels(still(1, 12)) + large))) == 1


def test_shots_come_while_the_film_still_runs():
    served = []

    def film():
        for index, frame in enumerate(pixels(THREE_SHOTS + still(4, 80))):
            served.append(index)
            yield frame

    assert next(iter(find_shots(film()))).stop_frame == 25
    assert len(served) < 25 + 80
