"""Decode, encode, carry, compare: nothing is lost that is not named."""

import hashlib
from pathlib import Path

import pytest
import torch

from f2s_ray.media.compare import compare
from f2s_ray.media.decode import decode
from f2s_ray.media.encode import EncodeOptions, encode, target_name
from f2s_ray.media.metadata import Provenance, carry
from f2s_ray.media.photo import Limits, Photo
from f2s_ray.media.probe import probe
from tests.media.samples import LOSSLESS, LOSSY, SAMPLES, make, picture, turned_jpeg

NOTE = Provenance("f2s_ray", "0.1.0", ("restorer@abc123",), "2026-01-02")


def load(path: Path) -> Photo:
    return decode(path, probe(path, Limits()), Limits())


def write_back(source: Path, photo: Photo) -> Path:
    target = source.with_name("result_" + target_name(source.name, photo.info.format))
    encode(photo, source, target, EncodeOptions())
    carry(source, target, NOTE)
    return target


def psnr(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(-10 * ((one - other) ** 2).mean().clamp(min=1e-12).log10())


@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_photo_comes_back_with_the_same_pixels(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    before = load(source)
    after = load(write_back(source, before))
    assert len(after.pages) == len(before.pages)
    for old, new in zip(before.pages, after.pages, strict=True):
        torch.testing.assert_close(new.rgb, old.rgb, rtol=0, atol=2e-7)
        assert (old.alpha is None) == (new.alpha is None)
        if old.alpha is not None:
            torch.testing.assert_close(new.alpha, old.alpha, rtol=0, atol=0)


@pytest.mark.parametrize("name", LOSSY)
def test_a_lossy_photo_comes_back_within_40_db(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    before = load(source)
    after = load(write_back(source, before))
    assert psnr(before.pages[0].rgb, after.pages[0].rgb) > 40
    assert (before.pages[0].alpha is None) == (after.pages[0].alpha is None)


@pytest.mark.parametrize("name", SAMPLES)
def test_no_metadata_is_lost(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    assert compare(source, write_back(source, load(source))) == []


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"palette.png", "bilevel.tif"}))
def test_format_depth_colour_and_tags_are_those_of_the_source(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    before = load(source)
    after = probe(write_back(source, before), Limits())
    for field in ("format", "width_px", "height_px", "page_count", "bit_depth", "colour", "has_alpha", "has_icc"):
        assert getattr(after, field) == getattr(before.info, field), field
    for field in ("captured_at", "camera", "has_iptc"):
        assert getattr(after, field) == getattr(before.info, field), field


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_photo_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    source = make(name, tmp_path)
    photo = load(source)
    first, second = (hashlib.sha256(write_back(source, photo).read_bytes()).digest() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright_once(orientation: int, tmp_path: Path) -> None:
    source = tmp_path / "turned.jpg"
    source.write_bytes(turned_jpeg(orientation))
    truth = torch.from_numpy(picture()).permute(2, 0, 1) / 255
    photo = load(source)
    assert (photo.info.width_px, photo.info.height_px) == (64, 48)
    assert psnr(photo.pages[0].rgb, truth) > 40
    target = write_back(source, photo)
    assert probe(target, Limits()).orientation == 1
    assert psnr(load(target).pages[0].rgb, truth) > 38
    assert compare(source, target) == []
