"""Frames to RGB and back are what FFmpeg makes of them by way of packed RGB, in every pixel format."""

from dataclasses import replace

import numpy as np
import pytest
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from f2s_ray.media.film.pixels import EXACT, RgbReader, RgbWriter
from tests.media.film.films import make_film, opened

YUV = [
    "yuv410p",
    "yuv411p",
    "yuv420p",
    "yuv422p",
    "yuv440p",
    "yuv444p",
    "yuvj420p",
    "nv12",
    "yuyv422",
    "uyvy422",
    "yuva420p",
]
DEEP = [
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p10le",
    "yuv422p12le",
    "yuv444p12le",
    "yuv444p16le",
    "p010le",
    "gray10le",
    "gray16le",
]
RGB = [
    "gray",
    "rgb24",
    "bgr24",
    "bgr0",
    "rgba",
    "gbrp",
    "gbrp10le",
    "gbrp12le",
    "gbrp14le",
    "gbrp16le",
    "rgb48le",
    "rgb565le",
]
SIZES = [(64, 48), (97, 65), (130, 98)]


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    return opened(make_film(tmp_path_factory.mktemp("film") / "film.mp4", colour=(1, 1, 1, 1), count=1))[0]


def film_of(info, pixel_format):
    return replace(info, pixel_format=pixel_format, bit_depth=VideoFormat(pixel_format).components[0].bits)


def packed(frame, name, **more):
    return VideoReformatter().reformat(frame, format=name, interpolation=EXACT, threads=1, **more)


def noise(size, maximum):
    width, height = size
    kind = np.uint8 if maximum == 255 else np.uint16
    return np.random.default_rng(0).integers(0, maximum + 1, (height, width, 3), dtype=kind)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("pixel_format", [*YUV, *DEEP, *RGB])
def test_a_frame_is_read_and_written_as_by_way_of_packed_rgb(pixel_format, size, info):
    film = film_of(info, pixel_format)
    rgb = noise(size, 65535)
    tags = {"dst_colorspace": Colorspace.ITU709, "dst_color_range": ColorRange.MPEG}
    if pixel_format.startswith("yuvj"):
        tags["dst_color_range"] = ColorRange.JPEG
    film = replace(film, colour=replace(film.colour, range=2 if pixel_format.startswith("yuvj") else 1))
    frame = packed(VideoFrame.from_ndarray(rgb, "rgb48le"), pixel_format, src_color_range=ColorRange.JPEG, **tags)
    reference = packed(
        frame,
        "rgb48le" if film.bit_depth > 8 else "rgb24",
        src_colorspace=Colorspace.ITU709,
        src_color_range=tags["dst_color_range"],
        dst_color_range=ColorRange.JPEG,
    ).to_ndarray()
    read = RgbReader(film)
    assert np.array_equal(read(frame), reference)
    for samples in (rgb, rgb / np.float32(65535)):
        assert np.array_equal(read(RgbWriter(film, pixel_format)(samples)), reference)


def test_eight_bits_stay_eight_bits(info):
    rgb = noise((64, 48), 255)
    frame = RgbWriter(film_of(info, "gbrp"), "gbrp")(rgb)
    assert np.array_equal(RgbReader(film_of(info, "gbrp"))(frame), rgb)


def test_floats_are_rounded_and_held_between_black_and_white(info):
    film = film_of(info, "gbrp16le")
    rgb = np.array([-0.5, 0, 0.5, 1 / 65535, 1, 1.5], np.float32).repeat(3).reshape(1, 6, 3)
    read = RgbReader(film)(RgbWriter(film, "gbrp16le")(rgb))
    assert read[0, :, 0].tolist() == [0, 0, 32768, 1, 65535, 65535]


@pytest.mark.parametrize("pixel_format", ["gbrp10le", "gbrp12le", "gbrp14le"])
def test_white_stays_white(pixel_format, info):
    film = film_of(info, pixel_format)
    read = RgbReader(film)(RgbWriter(film, pixel_format)(np.ones((48, 64, 3), np.float32)))
    assert read.min() >= 65535 - 65535 // (1 << film.bit_depth)


def test_an_array_that_is_turned_is_written_as_it_looks(info):
    film, rgb = film_of(info, "gbrp"), noise((64, 48), 255)
    turned = np.rot90(rgb)
    assert np.array_equal(RgbReader(film)(RgbWriter(film, "gbrp")(turned)), turned)
