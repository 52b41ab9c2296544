from fractions import Fraction
from pathlib import Path

import pytest

from f2s_ray.media.film.compare import compare_films
from tests.media.film.films import HALF, make_film

SOUND = {"sounds": [("ac3", "stereo")]}


def found(tmp_path: Path, before: dict, after: dict, suffixes: tuple[str, str] = ("mkv", "mkv")) -> set[str]:
    paths = [
        make_film(tmp_path / f"{n}.{s}", **each) for n, s, each in zip((1, 2), suffixes, (before, after), strict=True)
    ]
    return {each.what for each in compare_films(*paths)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"count": 29}, {"frames"}),
        ({}, {"stamps": [*range(10), *range(11, 31)]}, {"stamp of frame 10", "duration of the picture"}),
        ({}, {"size": (128, 64)}, {"frame size"}),
        ({}, {"matrix": HALF}, {"rotation"}),
        ({}, {"aspect": Fraction(4, 3)}, {"sample aspect"}),
        ({}, {"pixel_format": "yuv420p10le"}, {"bit depth", "pixel format"}),
        ({"colour": (1, 1, 1, 1)}, {"colour": (9, 16, 9, 1)}, {"colour primaries", "colour transfer", "colour matrix"}),
        ({"colour": (1, 1, 1, 1)}, {"colour": (1, 1, 1, 2)}, {"colour range"}),
        (SOUND, {}, {"audio streams"}),
        (SOUND, {"sounds": [("ac3", "5.1")]}, {"audio 0 bytes"}),
        (SOUND, {**SOUND, "sound_seconds": 2}, {"audio 0 packets", "audio 0 bytes"}),
        ({"subtitles": ["deu"]}, {"subtitles": ["eng"]}, {"subtitle 0 language"}),
        ({"chapters": ["one"]}, {"chapters": ["two"]}, {"chapters"}),
        ({"tags": {"timecode": "01:00:00:00"}}, {}, {"timecode"}),
        ({"attachment": ("font.ttf", b"x")}, {}, {"attached files"}),
    ],
)
def test_each_loss_is_seen_and_named(before: dict, after: dict, expected: set[str], tmp_path: Path) -> None:
    assert found(tmp_path, before, after) == expected
    assert found(tmp_path, before, before) == set()


def test_sound_that_is_late_by_two_frames_is_seen(tmp_path: Path) -> None:
    late = {**SOUND, "stamps": range(2, 32)}
    assert found(tmp_path, SOUND, late) == {"audio 0 offset to the picture"}


def test_milliseconds_of_matroska_are_no_difference(tmp_path: Path) -> None:
    ntsc = {"rate": Fraction(30000, 1001), "base": Fraction(1, 30000), "stamps": range(0, 30030, 1001), **SOUND}
    assert found(tmp_path, ntsc, ntsc, ("mp4", "mkv")) == set()


def test_a_stamp_off_by_two_milliseconds_is_seen(tmp_path: Path) -> None:
    even = {"base": Fraction(1, 1000), "stamps": range(0, 1200, 40)}
    uneven = {"base": Fraction(1, 1000), "stamps": [*range(0, 600, 40), 602, *range(640, 1200, 40)]}
    assert found(tmp_path, even, uneven) == {"stamp of frame 15"}
