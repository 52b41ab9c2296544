from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from f2s_ray.media.film.interlace import measure_scan
from f2s_ray.media.film.read import decode_frames
from tests.media.film.films import make_film, opened
from tests.stages.films import pan


def field_moment(moment: float, noise: float, chance: np.random.Generator) -> np.ndarray:
    """A disc that moves to the right before stripes, 160 x 128, grey."""
    rows, columns = np.mgrid[:128, :160]
    picture = 110 + 40 * np.sin(columns / 9.0) * np.cos(rows / 7.0)
    picture[(rows - 64) ** 2 + (columns - 30 - 6 * moment) ** 2 < 26**2] = 220
    return np.clip(picture + chance.normal(0, noise, picture.shape), 0, 255)


def woven(order: str, count: int = 16, noise: float = 0.0) -> Iterator[av.VideoFrame]:
    """Frames of two fields half a frame apart; of one moment where ``order`` is progressive."""
    chance = np.random.default_rng(0)
    for number in range(count):
        first, second = (field_moment(number + late, noise, chance) for late in (0.0, 0.5))
        frame = first.copy()
        if order == "tff":
            frame[1::2] = second[1::2]
        elif order == "bff":
            frame[0::2] = second[0::2]
        grey = np.rint(frame).astype(np.uint8)
        made = av.VideoFrame.from_ndarray(grey, "gray").reformat(format="yuv420p")
        made.pts, made.time_base = number, Fraction(1, 25)
        yield made


@pytest.mark.parametrize("order", ["progressive", "tff", "bff"])
def test_the_order_of_fields_is_measured(order: str) -> None:
    scan = measure_scan(woven(order))
    assert scan.verdict == order
    assert (scan.interlaced_fraction > 0.9) == (order != "progressive")


@pytest.mark.parametrize("order", ["tff", "bff"])
def test_noise_does_not_hide_fields(order: str) -> None:
    assert measure_scan(woven(order, noise=6.0)).verdict == order


def test_noise_is_not_taken_for_fields() -> None:
    assert measure_scan(woven("progressive", noise=6.0)).verdict in ("progressive", "unknown")
    assert measure_scan(woven("progressive", noise=20.0)).verdict in ("progressive", "unknown")


@pytest.mark.parametrize("first", [0, 1])
def test_doubled_lines_are_not_taken_for_fields(first: int) -> None:
    frames = []
    for number, picture in enumerate(pan(12, step=(3, 1))):
        doubled = np.roll(np.repeat(picture, 2, 0), first, 0)
        made = av.VideoFrame.from_ndarray(doubled, "rgb24").reformat(format="yuv420p")
        made.pts, made.time_base = number, Fraction(1, 25)
        frames.append(made)
    assert measure_scan(frames).verdict == "progressive"


def falling(step: float, count: int = 24) -> Iterator[av.VideoFrame]:
    """A bright disc that falls before a plain sky by so many lines a frame."""
    rows, columns = np.mgrid[:128, :160]
    for number in range(count):
        outside_px = np.hypot(rows - 20 - step * number, columns - 80) - 10
        picture = 90 + 0.2 * rows + 120 / (1 + np.exp(np.clip(outside_px / 0.3, -50, 50)))
        made = av.VideoFrame.from_ndarray(np.rint(picture).astype(np.uint8), "gray").reformat(format="yuv420p")
        made.pts, made.time_base = number, Fraction(1, 25)
        yield made


def sliding(order: str, speed: float, softness: float, count: int = 16) -> Iterator[av.VideoFrame]:
    """A disc with an edge so soft before waves, both to the right by so many pixels a frame; in fields half as far."""
    rows, columns = np.mgrid[:128, :160]
    for number in range(count):
        fields = []
        for late in (0.0, 0.5):
            away = columns - speed * (number + late)
            outside_px = np.hypot(rows - 40, away - 40) - 22
            waves = 110 + 40 * np.sin(away / 9) * np.cos(rows / 7)
            fields.append(waves + 100 / (1 + np.exp(np.clip(outside_px / softness, -50, 50))))
        if order == "tff":
            fields[0][1::2] = fields[1][1::2]
        grey = np.rint(np.clip(fields[0], 0, 255)).astype(np.uint8)
        made = av.VideoFrame.from_ndarray(grey, "gray").reformat(format="yuv420p")
        made.pts, made.time_base = number, Fraction(1, 25)
        yield made


@pytest.mark.parametrize("step", [0.5, 1.0, 3.0])
def test_what_falls_is_not_taken_for_fields(step: float) -> None:
    assert measure_scan(falling(step)).verdict == "progressive"


@pytest.mark.parametrize("softness", [0.3, 3.0])
@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_slow_fields_are_found(speed: float, softness: float) -> None:
    assert measure_scan(sliding("tff", speed, softness)).verdict == "tff"
    assert measure_scan(sliding("progressive", speed, softness)).verdict == "progressive"


def test_two_combed_frames_of_five_are_interlaced() -> None:
    pairs = zip(woven("progressive", 30), woven("tff", 30), strict=True)
    frames = [pair[number % 5 in (2, 3)] for number, pair in enumerate(pairs)]
    assert measure_scan(frames).verdict == "tff"


def test_where_nothing_moves_nothing_is_known() -> None:
    still = next(iter(woven("tff")))
    assert measure_scan([still.reformat(format="yuv420p")]).verdict in ("unknown", "progressive")
    assert measure_scan([]).verdict == "unknown"


def test_a_film_is_measured_by_its_stored_frames(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", count=12)
    info, index = opened(path)
    assert measure_scan(decode_frames(path, info, index, 0, 12)).verdict == "progressive"
