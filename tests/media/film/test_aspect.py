import zlib
from fractions import Fraction
from pathlib import Path

import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.film.aspect import display_size, write_aspect
from tests.media.film.films import make_film, opened


@pytest.mark.parametrize(
    "aspect", [Fraction(16, 15), Fraction(4, 3), Fraction(8, 9), Fraction(32, 27), Fraction(12, 11)]
)
def test_the_aspect_is_read_back_and_nothing_else_moves(aspect: Fraction, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", codec="ffv1", sounds=[("ac3", "stereo")], chapters=["one"])
    before, byte_count = opened(path), path.stat().st_size
    assert before[0].sample_aspect_ratio is None
    write_aspect(path, 96, 64, aspect)
    after = opened(path)
    assert after[0].sample_aspect_ratio == aspect
    assert path.stat().st_size == byte_count
    assert after[1].streams == before[1].streams
    assert after[0].chapters == before[0].chapters


def test_the_checksum_of_the_tracks_holds(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", codec="ffv1", count=2)
    write_aspect(path, 96, 64, Fraction(16, 15))
    data = path.read_bytes()
    at = data.index(b"\x16\x54\xae\x6b", 200)  # before that, the table of contents names it
    size_bytes = 9 - data[at + 4].bit_length()
    start = at + 4 + size_bytes
    size = int.from_bytes(data[at + 4 : start], "big") & ((1 << 7 * size_bytes) - 1)
    assert data[start : start + 2] == b"\xbf\x84"
    assert data[start + 2 : start + 6] == zlib.crc32(data[start + 6 : start + size]).to_bytes(4, "little")


def test_a_ratio_too_fine_for_the_header_gets_the_nearest() -> None:
    width, height = display_size(720, 576, Fraction(10007, 10009))
    assert abs(Fraction(width, height) / (Fraction(720, 576) * Fraction(10007, 10009)) - 1) < Fraction(1, 10000)
    assert max(width, height) < 65536


def test_a_file_without_such_a_track_is_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", count=2)
    with pytest.raises(MediaError) as caught:
        write_aspect(path, 64, 96, Fraction(16, 15))
    assert caught.value.kind == "unsupported"
