from pathlib import Path

import pytest

from f2s_ray.media.compare import compare
from f2s_ray.media.decode import decode
from f2s_ray.media.encode import EncodeOptions, encode
from f2s_ray.media.exiv2 import opened
from f2s_ray.media.metadata import Provenance, carry
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from tests.media.samples import make

NOTE = Provenance("f2s_ray", "0.1.0", (), "2026-01-02")


def restored(source: Path) -> Path:
    target = source.with_name("new_" + source.name)
    encode(decode(source, probe(source, Limits()), Limits()), source, target, EncodeOptions())
    carry(source, target, NOTE)
    return target


@pytest.mark.parametrize("name", ["rgb.jpg", "rgb8.png", "rgb8.tif", "lossless.webp", "rgb.heic", "rgb.avif"])
def test_a_result_without_carried_tags_is_told_apart(name: str, tmp_path: Path) -> None:
    source, target = make(name, tmp_path), tmp_path / f"bare_{name}"
    encode(decode(source, probe(source, Limits()), Limits()), source, target, EncodeOptions())
    losses = compare(source, target)
    assert "Exif.Photo.DateTimeOriginal: lost" in losses
    assert "Xmp.dc.title: lost" in losses


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"Exif.Image.Artist": "Somebody"}, "Exif.Image.Artist: 'Ann Example' became 'Somebody'"),
        ({"Exif.GPSInfo.GPSLatitude": None}, "Exif.GPSInfo.GPSLatitude: lost"),
        ({"Exif.Photo.FNumber": "29/10"}, "Exif.Photo.FNumber: '28/10' became '29/10'"),
    ],
)
def test_each_altered_exif_tag_is_named(edit: dict[str, str | None], told: str, tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    target = restored(source)
    with opened(target.read_bytes()) as image:
        image.modify_exif(edit)
        target.write_bytes(image.get_bytes())
    assert compare(source, target) == [told]


def test_lost_iptc_xmp_and_profile_are_named(tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    target = restored(source)
    with opened(target.read_bytes()) as image:
        image.clear_iptc()
        image.modify_xmp({"Xmp.xmp.Rating": "1"})
        image.clear_icc()
        target.write_bytes(image.get_bytes())
    assert compare(source, target) == [
        "iptc Iptc.Application2.Caption: lost",
        "iptc Iptc.Application2.Keywords: lost",
        "Xmp.xmp.Rating: '4' became '1'",
        "icc: the profile is not the source's",
    ]


def test_another_way_to_write_a_fraction_is_no_loss(tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    target = restored(source)
    with opened(target.read_bytes()) as image:
        image.modify_exif({"Exif.Photo.FNumber": "14/5"})
        target.write_bytes(image.get_bytes())
    assert compare(source, target) == []
