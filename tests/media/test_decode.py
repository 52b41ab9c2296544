from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from f2s_ray.errors import MediaError
from f2s_ray.media.decode import decode, upright
from f2s_ray.media.photo import Limits, Photo
from f2s_ray.media.probe import probe
from tests.media.samples import SAMPLES, make, picture, saved


def load(path: Path) -> Photo:
    return decode(path, probe(path, Limits()), Limits())


@pytest.mark.parametrize("name", ["rgb16.png", "rgb16.tif"])
def test_sixteen_bits_keep_their_precision(name: str, tmp_path: Path) -> None:
    page = load(make(name, tmp_path)).pages[0]
    truth = picture(maximum=65535)
    np.testing.assert_array_equal((page.rgb * 65535).round().permute(1, 2, 0).numpy().astype(np.uint16), truth)
    assert page.bit_depth == 16
    assert page.rgb.dtype == torch.float32


def test_grey_is_three_equal_channels(tmp_path: Path) -> None:
    page = load(make("grey16.tif", tmp_path)).pages[0]
    assert page.is_grey
    assert page.rgb.shape == (3, 48, 64)
    assert torch.equal(page.rgb[0], page.rgb[1])
    assert torch.equal(page.rgb[0], page.rgb[2])


def test_alpha_is_apart_from_the_colours(tmp_path: Path) -> None:
    page = load(make("rgba8.png", tmp_path)).pages[0]
    truth = picture(channels=4)
    assert page.alpha is not None
    np.testing.assert_array_equal((page.alpha[0] * 255).round().numpy(), truth[..., 3])
    np.testing.assert_array_equal((page.rgb[0] * 255).round().numpy(), truth[..., 0])


def test_white_is_bright_in_a_bilevel_scan(tmp_path: Path) -> None:
    page = load(make("bilevel.tif", tmp_path)).pages[0]
    stored = picture(channels=1) > 127
    np.testing.assert_array_equal(page.rgb[0].numpy(), 1.0 - stored)


def test_ink_is_kept_beside_the_colours(tmp_path: Path) -> None:
    page = load(make("cmyk8.tif", tmp_path)).pages[0]
    truth = torch.from_numpy(picture(channels=4)).permute(2, 0, 1) / 255
    assert page.ink is not None
    torch.testing.assert_close(page.ink, truth)
    torch.testing.assert_close(page.rgb, (1 - truth[:3]) * (1 - truth[3:]))


def test_all_pages_are_decoded(tmp_path: Path) -> None:
    pages = load(make("pages.tif", tmp_path)).pages
    assert len(pages) == 6
    for number, page in enumerate(pages):
        np.testing.assert_array_equal((page.rgb[0] * 255).round().numpy(), np.roll(picture(), number, 0)[..., 0])


@pytest.mark.parametrize("name", ["rgb.jpg", "grey.jpg"])
def test_jpeg_pixels_are_those_of_other_decoders(name: str, tmp_path: Path) -> None:
    path = make(name, tmp_path)
    other = np.asarray(Image.open(path).convert("RGB"), dtype=np.float32)
    ours = load(path).pages[0].rgb.permute(1, 2, 0).numpy() * 255
    assert np.abs(ours - other).max() <= 1.01


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"bilevel.tif"}))
def test_a_file_cut_short_is_never_decoded(name: str, tmp_path: Path) -> None:
    whole = make(name, tmp_path).read_bytes()
    for share in (0.3, 0.6, 0.9):
        path = tmp_path / f"cut_{name}"
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(MediaError) as caught:
            load(path)
        assert caught.value.kind in ("truncated", "broken")


def test_a_jpeg_with_overwritten_scan_data_is_refused(tmp_path: Path) -> None:
    data = bytearray(saved(Image.effect_noise((256, 256), 60), "JPEG", quality=90))
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    (tmp_path / "scratched.jpg").write_bytes(data)
    with pytest.raises(MediaError, match=r"scratched\.jpg"):
        load(tmp_path / "scratched.jpg")


def test_stray_bytes_between_jpeg_segments_do_no_harm(tmp_path: Path) -> None:
    data = saved(Image.fromarray(picture()), "JPEG", quality=95)
    at = data.index(b"\xff\xdb")
    (tmp_path / "clean.jpg").write_bytes(data)
    (tmp_path / "stray.jpg").write_bytes(data[:at] + b"junk!" + data[at:])
    clean, stray = (load(tmp_path / f"{name}.jpg").pages[0].rgb for name in ("clean", "stray"))
    assert torch.equal(clean, stray)


def test_a_png_with_one_wrong_bit_is_refused(tmp_path: Path) -> None:
    data = bytearray(make("rgb8.png", tmp_path).read_bytes())
    data[data.index(b"IDAT") + 40] ^= 1
    (tmp_path / "bit.png").write_bytes(data)
    with pytest.raises(MediaError, match="checksum") as caught:
        load(tmp_path / "bit.png")
    assert caught.value.kind == "broken"


def test_a_file_that_changed_since_it_was_probed_is_refused(tmp_path: Path) -> None:
    path = make("rgb.jpg", tmp_path)
    info = replace(probe(path, Limits()), content_digest="0" * 64)
    with pytest.raises(MediaError) as caught:
        decode(path, info, Limits())
    assert caught.value.kind == "changed"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_agrees_with_pillow(orientation: int) -> None:
    image = Image.fromarray(picture())
    exif = image.getexif()
    exif[274] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    found = upright(torch.from_numpy(picture()).permute(2, 0, 1), orientation).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(found, expected)
