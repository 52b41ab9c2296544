from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from f2s_ray.errors import MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.encode import EncodeOptions, encode, target_name
from f2s_ray.media.photo import Limits, Photo
from f2s_ray.media.probe import probe
from tests.media.samples import make, picture, saved


def load(path: Path) -> Photo:
    return decode(path, probe(path, Limits()), Limits())


def brighter(photo: Photo, step: float) -> Photo:
    return replace(photo, pages=tuple(replace(page, rgb=(page.rgb + step).clamp(0, 1)) for page in photo.pages))


@pytest.mark.parametrize("name", ["palette.png", "bilevel.tif"])
def test_what_cannot_hold_restored_pixels_is_widened_and_named(name: str, tmp_path: Path) -> None:
    source, target = make(name, tmp_path), tmp_path / f"new_{name}"
    photo = brighter(load(source), -0.1)
    changed = encode(photo, source, target, EncodeOptions()).changed
    after = probe(target, Limits())
    assert (after.bit_depth, after.colour) == (8, "rgb" if name == "palette.png" else "grey")
    assert len(changed) == 1
    assert "cannot hold restored pixels" in changed[0]


@pytest.mark.parametrize("name", ["rgb8.png", "rgb16.tif", "rgb.jpg", "lossless.webp"])
def test_nothing_is_named_where_nothing_changes(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    assert encode(load(source), source, tmp_path / f"new_{name}", EncodeOptions()).changed == ()


@pytest.mark.parametrize("name", ["cmyk8.tif", "cmyk16.tif"])
def test_unchanged_ink_comes_back_to_the_bit(name: str, tmp_path: Path) -> None:
    source, target = make(name, tmp_path), tmp_path / "new.tif"
    encode(load(source), source, target, EncodeOptions())
    np.testing.assert_array_equal(tifffile.imread(target), tifffile.imread(source))


def test_changed_ink_shows_the_changed_colour(tmp_path: Path) -> None:
    source, target = make("cmyk8.tif", tmp_path), tmp_path / "new.tif"
    photo = brighter(load(source), 0.1)
    encode(photo, source, target, EncodeOptions())
    assert (load(target).pages[0].rgb - photo.pages[0].rgb).abs().max() < 2 / 255


def test_a_jpeg_is_written_in_full_colour_resolution_with_its_comment(tmp_path: Path) -> None:
    source, target = make("rgb.jpg", tmp_path), tmp_path / "new.jpg"
    encode(load(source), source, target, EncodeOptions())
    image = Image.open(target)
    assert image.layer[0][1:3] == (1, 1)
    assert image.info["comment"] == Image.open(source).info["comment"] != b""
    assert image.info["dpi"] == (300, 200)


def test_a_jpeg_finer_than_the_asked_quality_stays_as_fine(tmp_path: Path) -> None:
    source, target = tmp_path / "fine.jpg", tmp_path / "new.jpg"
    source.write_bytes(saved(Image.fromarray(picture()), "JPEG", quality=99))
    encode(load(source), source, target, EncodeOptions(quality=95))
    assert list(Image.open(target).quantization[0]) == list(Image.open(source).quantization[0])


def test_resolution_turns_with_the_picture(tmp_path: Path) -> None:
    source, target = tmp_path / "turned.tif", tmp_path / "new.tif"
    tifffile.imwrite(
        source, picture(), photometric="rgb", resolution=(300, 150), metadata=None, extratags=[(274, "H", 1, 6, True)]
    )
    photo = load(source)
    assert photo.pages[0].rgb.shape == (3, 64, 48)
    encode(photo, source, target, EncodeOptions())
    tags = tifffile.TiffFile(target).pages[0].tags
    assert (tags["XResolution"].value, tags["YResolution"].value) == ((150, 1), (300, 1))


def test_each_page_keeps_its_own_resolution(tmp_path: Path) -> None:
    source, target = make("pages.tif", tmp_path), tmp_path / "new.tif"
    encode(load(source), source, target, EncodeOptions())
    assert [page.tags["XResolution"].value[0] for page in tifffile.TiffFile(target).pages] == [
        300,
        301,
        302,
        303,
        304,
        305,
    ]


def test_colour_chunks_and_texts_of_a_png_stay(tmp_path: Path) -> None:
    source, target = tmp_path / "a.png", tmp_path / "new.png"
    notes = PngInfo()
    notes.add_text("Author", "Ann")
    notes.add(b"gAMA", (45455).to_bytes(4, "big"))
    source.write_bytes(saved(Image.fromarray(picture()), "PNG", pnginfo=notes, dpi=(300, 300)))
    encode(load(source), source, target, EncodeOptions())
    info = Image.open(target).info
    assert (info["Author"], info["gamma"]) == ("Ann", 0.45455)
    assert round(info["dpi"][0]) == 300


def test_a_dropped_gain_map_is_named(tmp_path: Path) -> None:
    source, target = tmp_path / "two.jpg", tmp_path / "new.jpg"
    first = Image.fromarray(picture())
    source.write_bytes(saved(first, "MPO", save_all=True, append_images=[first]))
    changed = encode(load(source), source, target, EncodeOptions()).changed
    assert changed == ("dropped: a gain map or further pictures, it shows the picture as it was",)


def test_a_raw_is_developed_into_a_16_bit_tiff_and_the_row_says_so(tmp_path: Path) -> None:
    source = make("sensor.dng", tmp_path)
    photo = load(source)
    assert (photo.info.format, photo.info.width_px, photo.info.height_px) == ("RAW", 128, 96)
    name = target_name("1994/sensor.dng", photo.info.format)
    assert name == "1994/sensor.dng.tif"
    changed = encode(photo, source, tmp_path / "sensor.dng.tif", EncodeOptions()).changed
    assert changed == ("format: RAW cannot be written back, developed into a 16-bit TIFF",)
    after = load(tmp_path / "sensor.dng.tif")
    assert (after.info.format, after.info.bit_depth) == ("TIFF", 16)
    torch.testing.assert_close(after.pages[0].rgb, photo.pages[0].rgb, rtol=0, atol=1e-6)


def test_the_name_of_all_others_stays(tmp_path: Path) -> None:
    assert target_name("a/b.jpg", load(make("rgb.jpg", tmp_path)).info.format) == "a/b.jpg"


def test_a_picture_that_a_format_cannot_hold_is_an_error_of_this_item(tmp_path: Path) -> None:
    source = make("lossy.webp", tmp_path)
    photo = load(source)
    wide = replace(photo.pages[0], rgb=torch.zeros(3, 4, 20_000))
    with pytest.raises(MediaError, match=r"lossy\.webp"):
        encode(replace(photo, pages=(wide,)), source, tmp_path / "new.webp", EncodeOptions())


def test_the_source_is_not_written(tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    before = (source.read_bytes(), source.stat().st_mtime_ns)
    encode(load(source), source, tmp_path / "new.jpg", EncodeOptions())
    assert (source.read_bytes(), source.stat().st_mtime_ns) == before
