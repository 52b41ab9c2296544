from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.film.read import read_frames
from tests.media.film.films import HALF, MIRRORED_QUARTER, QUARTER, make_film, number_of, numbered, opened

OPEN = {"x264-params": "keyint=10:min-keyint=10:bframes=3:b-adapt=0:open-gop=1:scenecut=0"}


def numbers(path: Path, first: int, stop: int) -> list[int]:
    info, index = opened(path)
    return [number_of(frame.rgb) for frame in read_frames(path, info, index, first, stop)]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("closed.mp4", {"options": {"bf": "3", "g": "10"}}),
        ("closed.mkv", {"options": {"bf": "3", "g": "10"}}),
        ("pyramid.mp4", {"options": {"bf": "7", "g": "12", "b-pyramid": "normal", "x264-params": "b-adapt=0"}}),
        ("open.mkv", {"options": OPEN}),
        ("open.mp4", {"options": OPEN}),
        ("stream.ts", {"options": {"bf": "2", "g": "8"}, "base": Fraction(1, 90000), "stamps": range(0, 108000, 3600)}),
        ("divx.avi", {"codec": "mpeg4", "options": {"bf": "2", "g": "8"}}),
        ("motion.avi", {"codec": "mjpeg", "pixel_format": "yuvj420p"}),
        (
            "deep.mkv",
            {"codec": "libx265", "pixel_format": "yuv420p10le", "options": {"x265-params": "keyint=8:log-level=none"}},
        ),
        (
            "web.webm",
            {"codec": "libvpx", "options": {"auto-alt-ref": "1", "lag-in-frames": "10", "g": "10", "b": "300k"}},
        ),
        ("uneven.mp4", {"base": Fraction(1, 90000), "stamps": [n * 3000 + n * n * 7 for n in range(30)]}),
        ("late.mp4", {"base": Fraction(1, 1000), "stamps": range(1400, 2600, 40), "options": {"g": "8"}}),
    ],
)
def test_any_stretch_gives_exactly_its_frames(name: str, settings: dict, tmp_path: Path) -> None:
    path = make_film(tmp_path / name, **settings)
    info, index = opened(path)
    assert index.frame_count == 30
    for first, stop in ((0, 30), (0, 1), (7, 13), (9, 11), (10, 12), (17, 18), (29, 30), (15, 15)):
        frames = list(read_frames(path, info, index, first, stop))
        assert [number_of(frame.rgb) for frame in frames] == list(range(first, stop))
        assert [frame.pts for frame in frames] == index.pts[first:stop].tolist()
        assert not any(frame.is_mended for frame in frames)


def test_a_stretch_has_the_same_bits_wherever_reading_begins(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", options={"bf": "3", "g": "10"})
    info, index = opened(path)
    whole = list(read_frames(path, info, index, 0, 30))
    part = list(read_frames(path, info, index, 14, 22))
    for one, other in zip(whole[14:22], part, strict=True):
        assert np.array_equal(one.rgb, other.rgb)


def test_only_the_groups_that_are_needed_are_read(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", count=200, options={"g": "10"})
    info, index = opened(path)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        spoilt = [p for p in container.demux(video=0) if p.size and 50 <= p.pts / 40 < 150]
    for packet in spoilt:
        data[packet.pos + 8 : packet.pos + packet.size] = bytes(packet.size - 8)
    path.write_bytes(data)
    assert [number_of(frame.rgb) for frame in read_frames(path, info, index, 185, 200)] == list(range(185, 200))


@pytest.mark.parametrize("matrix", [QUARTER, HALF, MIRRORED_QUARTER])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_frames_come_upright(matrix: tuple, suffix: str, tmp_path: Path) -> None:
    path = make_film(tmp_path / f"turned.{suffix}", count=12, matrix=matrix)
    info, index = opened(path)
    frames = [frame.rgb for frame in read_frames(path, info, index, 0, 12)]
    assert frames[0].shape == (info.upright_height_px, info.upright_width_px, 3)
    assert [number_of(frame) for frame in frames] == list(range(12))


def test_frames_that_an_edit_list_hides_do_not_come(tmp_path: Path) -> None:
    path = make_film(tmp_path / "early.mp4", stamps=range(-80, 1120, 40), base=Fraction(1, 1000), options={"g": "8"})
    assert numbers(path, 0, 28) == list(range(2, 30))
    assert numbers(path, 9, 12) == [11, 12, 13]


def test_eight_bit_films_give_bytes_and_deeper_ones_words(tmp_path: Path) -> None:
    for pixel_format, dtype in (("yuv420p", np.uint8), ("yuv420p10le", np.uint16)):
        path = make_film(tmp_path / f"{pixel_format}.mkv", count=1, codec="ffv1", pixel_format=pixel_format)
        info, index = opened(path)
        (frame,) = read_frames(path, info, index, 0, 1)
        truth = numbered(0).astype(float) / 255
        assert frame.rgb.dtype == dtype
        away = np.abs(frame.rgb / np.iinfo(dtype).max - truth)
        assert np.median(away) < 1.5 / 255


def test_a_film_of_odd_size_keeps_every_column(tmp_path: Path) -> None:
    path = make_film(tmp_path / "odd.mkv", count=3, size=(97, 65), codec="ffv1")
    info, index = opened(path)
    assert [frame.rgb.shape for frame in read_frames(path, info, index, 0, 3)] == [(65, 97, 3)] * 3


def test_a_frame_that_does_not_decode_is_named(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mkv", codec="libx264", options={"g": "1"}, count=10)
    info, index = opened(path)
    with av.open(str(path)) as container:
        packet = [p for p in container.demux(video=0) if p.size][4]
        pos, size = packet.pos, packet.size
    data = bytearray(path.read_bytes())
    data[pos + 8 : pos + size] = b"\xff" * (size - 8)
    path.write_bytes(data)
    with pytest.raises(MediaError) as caught:
        list(read_frames(path, info, index, 0, 10))
    assert caught.value.kind == "broken"
    assert "frame 4" in caught.value.message


def test_another_size_in_the_middle_is_refused(tmp_path: Path) -> None:
    parts = [make_film(tmp_path / f"{w}.ts", size=(w, 64), options={"g": "8"}, base=Fraction(1, 25)) for w in (96, 128)]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    info, index = opened(path)
    with pytest.raises(MediaError) as caught:
        list(read_frames(path, info, index, 0, index.frame_count))
    assert caught.value.kind == "size_changes"


def test_an_interval_outside_the_film_is_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4", count=3)
    info, index = opened(path)
    with pytest.raises(ValueError, match="not inside"):
        next(read_frames(path, info, index, 1, 4))
