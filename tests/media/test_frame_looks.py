import cv2
import numpy as np
import pytest

from f2s_ray.media.frame_looks import contrast, look_at, mixture, resemblance, unlikeness
from tests.media.films import black, pixels, texture, window


def look(frame, noise=0.0, seed=0):
    return look_at(pixels([frame], noise, seed)[0])


ONE, OTHER = texture(1), texture(2)


def test_a_scene_is_like_itself_and_unlike_another():
    assert unlikeness(look(window(ONE)), look(window(ONE))) == pytest.approx(0, abs=1e-3)
    assert unlikeness(look(window(ONE)), look(window(OTHER))) > 0.5


@pytest.mark.parametrize("shift_px", [1, 4, 8])
def test_a_scene_that_moves_stays_alike(shift_px):
    assert unlikeness(look(window(ONE, 20)), look(window(ONE, 20 + shift_px))) < 0.25


def test_the_number_of_threads_changes_nothing():
    threads = cv2.getNumThreads()
    looks = [look(window(ONE, x), 0.02) for x in (0, 7, 90)] + [look(window(OTHER), 0.02)]
    found = []
    try:
        for count in (1, 2, 4):
            cv2.setNumThreads(count)
            found.append([unlikeness(one, other) for one in looks for other in looks])
    finally:
        cv2.setNumThreads(threads)
    assert found[0] == found[1] == found[2]


def test_brightness_and_noise_make_no_other_scene():
    assert unlikeness(look(window(ONE)), look(window(ONE) * 0.4 + 0.1)) < 0.05
    assert unlikeness(look(window(ONE), 0.1, 1), look(window(ONE), 0.1, 2)) < 0.2


def test_what_shows_nothing_is_unlike_nothing():
    assert unlikeness(look(black(1)[0], 0.01, 1), look(black(1)[0], 0.01, 2)) < 0.3


def test_the_size_of_the_frame_does_not_matter():
    large = np.kron(window(ONE), np.ones((5, 5, 1), np.float32))
    assert unlikeness(look(large), look(window(ONE))) < 0.05
    assert look(window(ONE)[:7, :5]).detail.shape == (72, 96)


def test_contrast_is_that_of_the_picture_and_not_of_its_noise():
    dim = window(ONE) * 0.2
    clean = contrast(look(dim), look(dim))
    assert contrast(look(dim, 0.05, 1), look(dim, 0.05, 2)) == pytest.approx(clean, rel=0.15)
    assert contrast(look(black(1)[0], 0.05, 1), look(black(1)[0], 0.05, 2)) < 0.004


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9])
def test_a_mixture_tells_its_share(share):
    first, last = window(ONE), window(OTHER)
    found, rest = mixture(look(first), look(last), look(first * (1 - share) + last * share))
    assert found == pytest.approx(share, abs=0.03)
    assert rest < 0.01


def test_the_middle_of_a_pan_is_no_mixture_of_its_ends():
    _, rest = mixture(look(window(ONE)), look(window(ONE, 160)), look(window(ONE, 80)))
    assert rest > 0.4


def test_resemblance_is_a_correlation():
    assert resemblance(look(window(ONE)), look(window(ONE))) == pytest.approx(1, abs=1e-4)
    assert resemblance(look(window(ONE)), look(1 - window(ONE))) == pytest.approx(-1, abs=1e-2)
    assert resemblance(look(window(ONE)), look(black(1)[0])) == 0
