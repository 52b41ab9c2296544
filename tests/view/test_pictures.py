"""Any picture becomes small, upright and 8-bit."""

import base64
import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from f2s_ray.view.pictures import cut_face, cut_square, inline, load

RAMP = np.linspace(0, 65535, 40 * 60).reshape(40, 60).astype(np.uint16)


def quarters(width=80, height=40):
    """Red at the top left, the rest blue."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height // 2))
    return image


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif", "heic"])
def test_each_format_is_read(tmp_path, suffix):
    quarters().save(tmp_path / f"a.{suffix}")
    image = load(tmp_path / f"a.{suffix}")
    assert (image.mode, image.size) == ("RGB", (80, 40))
    assert image.getpixel((10, 10))[0] > 200 > 60 > image.getpixel((70, 30))[0]


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(tmp_path, suffix, orientation):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transposition that undoes what the tag asks for
    stored = quarters().transpose(Image.Transpose(back[orientation])) if orientation > 1 else quarters()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"a.{suffix}", exif=exif)
    image = load(tmp_path / f"a.{suffix}")
    assert image.size == (80, 40)
    assert image.getpixel((10, 10))[0] > 200 > 60 > image.getpixel((70, 30))[0]


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_sixteen_bit_colour_keeps_its_brightness_and_turns_upright(tmp_path, planar):
    pixels = np.stack([RAMP, RAMP, RAMP], axis=0 if planar == "separate" else -1)
    tags = [(0x0112, "H", 1, 3, True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planar, extratags=tags)
    image = np.asarray(load(tmp_path / "a.tif"))
    assert np.abs(image[..., 0].astype(float) - RAMP[::-1, ::-1] / 257).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_keeps_its_brightness(tmp_path, suffix):
    Image.fromarray(RAMP).save(tmp_path / f"a.{suffix}")
    image = np.asarray(load(tmp_path / f"a.{suffix}"))
    assert np.abs(image[..., 0].astype(float) - RAMP / 257).max() <= 1


def test_sixteen_bit_inks_become_the_colours_they_print(tmp_path):
    inks = np.zeros((8, 8, 4), dtype=np.uint16)
    inks[..., 1:3] = 65535
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated")
    red, green, blue = load(tmp_path / "a.tif").getpixel((4, 4))
    assert red > 200 > 60 > max(green, blue)


def test_transparency_is_shown_over_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert load(tmp_path / "a.png").getpixel((0, 0)) == (255, 255, 255)


def test_what_cannot_be_read_gives_none(tmp_path):
    whole = tmp_path / "a.jpg"
    quarters(400, 400).save(whole)
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:300])
    (tmp_path / "empty.jpg").touch()
    assert [load(tmp_path / name) for name in ("gone.jpg", "empty.jpg", "cut.jpg", ".")] == [None] * 4


def test_a_script_is_not_a_picture(tmp_path):
    (tmp_path / "a.jpg").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    assert load(tmp_path / "a.jpg") is None


def test_an_inlined_picture_is_a_jpeg_no_longer_than_asked():
    small = inline(quarters(1800, 600), 900)
    head, _, body = small.uri.partition(",")
    decoded = Image.open(io.BytesIO(base64.b64decode(body)))
    assert head == "data:image/jpeg;base64"
    assert decoded.format == "JPEG"
    assert decoded.size == (small.width_px, small.height_px) == (900, 300)


def test_a_small_picture_is_not_blown_up():
    assert inline(quarters(80, 40), 900).width_px == 80


def test_a_face_at_the_edge_is_cut_without_leaving_the_picture():
    face = cut_face(quarters(), (-5, -5, 20, 20), (80, 40), 32)
    assert face.size == (32, 32)
    assert face.getpixel((2, 2))[0] > 200


def test_a_face_is_found_in_a_result_of_another_size():
    box, frame = (0, 0, 20, 20), (80, 40)
    small, large = (cut_face(image, box, frame, 32) for image in (quarters(80, 40), quarters(240, 120)))
    difference = np.abs(np.asarray(small, dtype=float) - np.asarray(large, dtype=float))
    assert difference.mean() < 12


def test_the_detail_holds_untouched_pixels():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8))
    detail = cut_square(noise, (35, 25), (70, 50), 20)
    assert np.array_equal(np.asarray(detail), np.asarray(noise)[15:35, 25:45])
