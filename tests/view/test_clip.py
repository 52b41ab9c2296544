"""A clip shows the same frames of both films, left and right, as they are shown."""

import base64
import io
from fractions import Fraction

import av
import numpy as np
import pytest

from f2s_ray.view.clip import ENCODERS, half_size, make_clip, paired
from f2s_ray.view.pictures import open_reel
from tests.media.film.films import QUARTER, make_film, number_of, numbered
from tests.view.conftest import brightened

DIVIDER_PX = 4
LOSS = 6.0  # mean difference of two pictures of 0..255 that are the same but for what encoders lose


def films(folder, **options):
    """A film of numbered frames and its brightened twin."""
    made = {"options": {"crf": "8"}, **options}
    paths = [
        make_film(folder / name, show=show, **made)
        for name, show in (("source.mkv", numbered), ("result.mkv", brightened))
    ]
    return [open_reel(path, "progressive") for path in paths]


def frames_of(clip):
    """Stamps in seconds, and pictures."""
    assert clip.uri.startswith("data:video/mp4;base64,")
    with av.open(io.BytesIO(base64.b64decode(clip.uri.split(",")[1]))) as container:
        frames = list(container.decode(video=0))
    assert {(frame.width, frame.height) for frame in frames} == {(clip.width_px, clip.height_px)}
    return [frame.time for frame in frames], [frame.to_ndarray(format="rgb24") for frame in frames]


def halves(picture):
    width = (picture.shape[1] - DIVIDER_PX) // 2
    return picture[:, :width].astype(float), picture[:, -width:].astype(float)


def loss(one, other):
    return np.abs(one - other).mean()


@pytest.mark.parametrize("encoder", [each for each in ENCODERS if each in av.codecs_available])
def test_left_is_the_source_and_right_the_result_at_the_same_moments(tmp_path, encoder):
    clip = make_clip(*films(tmp_path), (0.4, 0.8), encoder)
    moments, pictures = frames_of(clip)
    assert (clip.start_seconds, clip.stop_seconds) == (0.4, 0.8)
    assert moments == pytest.approx([n / 25 for n in range(10)])
    for number, picture in enumerate(pictures, 10):
        left, right = halves(picture)
        assert number_of(left.astype(np.uint8)) == number
        assert loss(left, numbered(number)) < LOSS
        assert loss(right, brightened(number, 96, 64)) < LOSS
        assert loss(right, numbered(number)) > 2 * LOSS
        assert picture[:, left.shape[1] : -left.shape[1]].min() > 200


def test_a_clip_of_three_seconds_stays_small_however_noisy_its_film_is(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (64, 288, 400, 3), dtype=np.uint8)
    path = make_film(tmp_path / "noise.mkv", count=75, show=lambda n, *_: noise[n % 64], size=(400, 288))
    film = open_reel(path, "progressive")
    clip = make_clip(film, film, (0.0, 3.0))
    assert (clip.width_px, clip.height_px) == (2 * 360 + DIVIDER_PX, 260)
    assert len(clip.uri) < 500_000


def test_its_table_stands_at_its_begin(tmp_path):
    stored = base64.b64decode(make_clip(*films(tmp_path), (0.0, 0.4)).uri.split(",")[1])
    assert 0 < stored.find(b"moov") < stored.find(b"mdat")


def test_the_same_films_give_the_same_bytes(tmp_path):
    pair = films(tmp_path)
    assert make_clip(*pair, (0.0, 0.4)) == make_clip(*pair, (0.0, 0.4))


def test_uneven_frames_keep_their_moments(tmp_path):
    stamps = [n * 3000 + n * n * 7 for n in range(30)]
    moments, pictures = frames_of(make_clip(*films(tmp_path, base=Fraction(1, 90000), stamps=stamps), (0.1, 0.3)))
    numbers = [number_of(halves(picture)[0].astype(np.uint8)) for picture in pictures]
    shown = [stamps[number] / 90000 for number in numbers]
    assert min(shown) >= 0.1
    assert max(shown) < 0.3
    assert np.diff(numbers).tolist() == [1] * (len(numbers) - 1)
    assert np.diff(moments) == pytest.approx(np.diff(shown), abs=1e-3)


def test_of_fast_films_every_second_frame_is_shown(tmp_path):
    moments, pictures = frames_of(make_clip(*films(tmp_path, count=120, rate=Fraction(60)), (0.0, 2.0)))
    assert len(moments) == 60
    assert [number_of(halves(picture)[0].astype(np.uint8)) for picture in pictures[:3]] == [0, 2, 4]


def test_turned_films_are_upright(tmp_path):
    clip = make_clip(*films(tmp_path, matrix=QUARTER), (0.0, 0.2))
    assert (clip.width_px, clip.height_px) == (2 * 64 + DIVIDER_PX, 96)
    assert loss(halves(frames_of(clip)[1][3])[0], numbered(3, 64, 96)) < LOSS


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"size": (96, 64)}, (96, 64)),
        ({"size": (1000, 500)}, (360, 180)),
        ({"size": (96, 64), "aspect": Fraction(4, 3)}, (128, 64)),
        ({"size": (96, 64), "aspect": Fraction(1, 2)}, (96, 128)),
        ({"size": (96, 64), "aspect": Fraction(4, 3), "matrix": QUARTER}, (64, 128)),
        ({"size": (97, 65), "codec": "ffv1"}, (96, 64)),
        ({"size": (900, 8)}, (360, 16)),
    ],
)
def test_halves_are_small_and_even_and_have_square_pixels(tmp_path, options, size):
    path = (
        make_film(tmp_path / "film.mp4" if "matrix" in options else tmp_path / "film.mov", count=1, **options)
        if "codec" not in options
        else make_film(tmp_path / "film.mkv", count=1, **options)
    )
    assert half_size(open_reel(path, "progressive").info) == size


def test_a_moment_is_both_frames_side_by_side(tmp_path):
    left, right = halves(np.asarray(paired(*films(tmp_path), 7)))
    assert number_of(left.astype(np.uint8)) == 7
    assert loss(right, brightened(7, 96, 64)) < LOSS


def test_a_result_that_lacks_the_frames_gives_no_clip(tmp_path):
    source, _ = films(tmp_path)
    short = open_reel(make_film(tmp_path / "short.mkv", count=5), "progressive")
    assert make_clip(source, short, (0.0, 1.0)) is None
    assert paired(source, short, 20) is None
