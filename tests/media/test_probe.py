import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from f2s_ray.errors import MediaError
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from tests.media.samples import make, picture, saved, tagged, turned_jpeg


def kind_of(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        probe(path, limits or Limits())
    assert path.name in caught.value.message
    return caught.value.kind


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_header_tells_all_about_a_photo(tmp_path: Path) -> None:
    path = make("rgb.jpg", tmp_path)
    info = probe(path, Limits())
    assert (info.format, info.width_px, info.height_px, info.orientation, info.page_count) == ("JPEG", 64, 48, 1, 1)
    assert (info.bit_depth, info.colour, info.has_alpha, info.has_icc) == (8, "rgb", False, True)
    assert (info.has_exif, info.has_xmp, info.has_iptc) == (True, True, True)
    assert (info.captured_at, info.camera) == ("1994-08-21T17:03:09", "Acme Box 620")
    assert info.content_digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.byte_count == path.stat().st_size


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grey16.png", ("PNG", 16, "grey", False, 1)),
        ("rgba16.png", ("PNG", 16, "rgb", True, 1)),
        ("palette.png", ("PNG", 8, "palette", True, 1)),
        ("cmyk16.tif", ("TIFF", 16, "cmyk", False, 1)),
        ("pages.tif", ("TIFF", 8, "rgb", False, 6)),
        ("bilevel.tif", ("TIFF", 1, "grey", False, 1)),
        ("cmyk.jpg", ("JPEG", 8, "cmyk", False, 1)),
        ("alpha.webp", ("WEBP", 8, "rgb", True, 1)),
        ("rgb12.heic", ("HEIF", 12, "rgb", False, 1)),
        ("grey.heic", ("HEIF", 8, "grey", False, 1)),
        ("rgb10.avif", ("AVIF", 10, "rgb", False, 1)),
        ("rgba.avif", ("AVIF", 8, "rgb", True, 1)),
    ],
)
def test_depth_colour_alpha_and_pages_are_those_stored(name: str, expected: tuple, tmp_path: Path) -> None:
    info = probe(make(name, tmp_path), Limits())
    assert (info.format, info.bit_depth, info.colour, info.has_alpha, info.page_count) == expected


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_sizes_are_those_of_the_upright_picture(orientation: int, tmp_path: Path) -> None:
    info = probe(written(tmp_path / "t.jpg", turned_jpeg(orientation)), Limits())
    assert (info.width_px, info.height_px, info.orientation) == (64, 48, orientation)


def test_an_impossible_date_is_no_date(tmp_path: Path) -> None:
    data = tagged(saved(Image.new("RGB", (8, 8)), "JPEG")).replace(b"1994:08:21 17:03:09", b"0000:00:00 00:00:00")
    assert probe(written(tmp_path / "t.jpg", data), Limits()).captured_at is None


def test_an_empty_picture_is_empty_and_an_empty_note_is_skipped(tmp_path: Path) -> None:
    assert kind_of(written(tmp_path / "a.jpg", b"")) == "empty"
    assert kind_of(written(tmp_path / "a.txt", b"")) == "skipped:not_media"


def test_a_folder_named_like_a_photo_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").mkdir()
    assert kind_of(tmp_path / "x.jpg") == "not_a_file"


def test_a_pipe_is_not_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.jpg")
    assert kind_of(tmp_path / "x.jpg") == "not_a_file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_is_unreadable(tmp_path: Path) -> None:
    path = make("rgb.jpg", tmp_path)
    path.chmod(0)
    assert kind_of(path) == "unreadable"


def test_a_name_that_is_too_long_for_the_system_is_unreadable(tmp_path: Path) -> None:
    assert kind_of(tmp_path / ("x" * 300 + ".jpg")) in ("unreadable", "not_a_file")


def bomb_png(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def test_a_bomb_is_too_large_before_it_is_decoded(tmp_path: Path) -> None:
    assert kind_of(written(tmp_path / "bomb.png", bomb_png(50_000))) == "too_large"


def test_the_pages_of_a_tiff_count_together(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, np.zeros((3, 1000, 1000), np.uint8), photometric="minisblack", compression="deflate")
    assert probe(path, Limits(max_megapixels=3)).page_count == 3
    assert kind_of(path, Limits(max_megapixels=2.9)) == "too_large"
    assert kind_of(path, Limits(max_pages=2)) == "too_large"


def test_a_file_of_too_many_bytes_is_too_large(tmp_path: Path) -> None:
    assert kind_of(make("rgb.jpg", tmp_path), Limits(max_bytes=100)) == "too_large"


def test_moving_pictures_are_refused_because_frames_would_be_lost(tmp_path: Path) -> None:
    frames = [Image.fromarray(picture()), Image.fromarray(picture()[::-1].copy())]
    for fmt in ("WEBP", "PNG"):
        data = saved(frames[0], fmt, save_all=True, append_images=frames[1:])
        assert kind_of(written(tmp_path / f"moving.{fmt.lower()}", data)) == "animated"


def test_float_pictures_are_unsupported(tmp_path: Path) -> None:
    target = io.BytesIO()
    tifffile.imwrite(target, np.zeros((8, 8, 3), np.float32), photometric="rgb")
    assert kind_of(written(tmp_path / "f.tif", target.getvalue())) == "unsupported"


def test_a_gain_map_is_named_as_a_companion(tmp_path: Path) -> None:
    first = Image.fromarray(picture())
    data = saved(first, "MPO", save_all=True, append_images=[first])
    assert probe(written(tmp_path / "two.jpg", data), Limits()).companions == ("a gain map or further pictures",)
