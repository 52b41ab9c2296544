import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from f2s_ray.media.compare import compare
from f2s_ray.media.decode import decode
from f2s_ray.media.encode import EncodeOptions, encode, target_name
from f2s_ray.media.exiv2 import opened, read_tags
from f2s_ray.media.metadata import Carried, Provenance, carry, finish
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from f2s_ray.media.regions import FaceRegion
from tests.media.samples import EXIF, XMP, make, picture, saved, turned_jpeg

NOTE = Provenance("f2s_ray", "0.1.0", ("restorer@abc123", "codec@def456"), "2026-01-02")
KINDS = ["rgb.jpg", "rgb16.png", "rgb8.tif", "pages.tif", "lossless.webp", "rgb.heic", "rgb.avif", "rgb10.avif"]


def carried(source: Path, note: Provenance = NOTE) -> tuple[Path, Carried]:
    photo = decode(source, probe(source, Limits()), Limits())
    target = source.with_name("new_" + target_name(source.name, photo.info.format))
    encode(photo, source, target, EncodeOptions())
    return target, carry(source, target, note)


def xmp_of(path: Path) -> dict[str, object]:
    tags = read_tags(path.read_bytes())
    assert tags.trouble is None
    return tags.xmp


@pytest.mark.parametrize("name", KINDS)
def test_the_result_says_what_was_done(name: str, tmp_path: Path) -> None:
    target, _ = carried(make(name, tmp_path))
    xmp = xmp_of(target)
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    assert xmp["Xmp.iptcExt.DigitalSourceType"] == kind
    assert xmp["Xmp.xmpMM.History[1]/stEvt:softwareAgent"] == "f2s_ray 0.1.0"
    assert xmp["Xmp.xmpMM.History[1]/stEvt:when"] == "2026-01-02"
    assert xmp["Xmp.xmpMM.History[1]/stEvt:parameters"] == "restored with restorer@abc123, codec@def456"
    assert read_tags(target.read_bytes()).exif["Exif.Image.ProcessingSoftware"] == "f2s_ray 0.1.0"


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"rgb10.avif"}))
def test_tags_of_the_source_stand_in_the_result(name: str, tmp_path: Path) -> None:
    target, report = carried(make(name, tmp_path))
    tags = read_tags(target.read_bytes())
    for key in ("Exif.Image.Software", "Exif.Photo.DateTimeOriginal", "Exif.GPSInfo.GPSLatitude"):
        assert tags.exif[key] == EXIF[key]
    assert tags.xmp["Xmp.xmp.Rating"] == XMP["Xmp.xmp.Rating"]
    assert tags.xmp["Xmp.dc.title"] == {'lang="x-default"': XMP["Xmp.dc.title"]}
    assert {"exif", "xmp", "capture time"} <= set(report.carried_over)


def test_a_second_restoration_adds_to_the_history(tmp_path: Path) -> None:
    first, _ = carried(make("rgb.jpg", tmp_path))
    second, _ = carried(first, replace(NOTE, date="2027-03-04"))
    xmp = xmp_of(second)
    assert xmp["Xmp.xmpMM.History[1]/stEvt:when"] == "2026-01-02"
    assert xmp["Xmp.xmpMM.History[2]/stEvt:when"] == "2027-03-04"


def test_an_old_thumbnail_is_renewed(tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    target, report = carried(source)
    with opened(source.read_bytes()) as old, opened(target.read_bytes()) as new:
        before, after = (
            np.asarray(Image.open(io.BytesIO(image.read_thumbnail())).resize((64, 48)), float) for image in (old, new)
        )
    assert np.abs(before - picture()).mean() > 50
    assert np.abs(after - picture()).mean() < 10
    assert report.changed == ("thumbnail: showed the old picture, renewed or removed",)


def test_named_faces_become_regions_and_unnamed_do_not(tmp_path: Path) -> None:
    faces = (FaceRegion("Ann \u00c5", (16, 12, 32, 36)), FaceRegion(None, (1, 1, 9, 9)))
    for name in KINDS:
        xmp = xmp_of(carried(make(name, tmp_path), replace(NOTE, faces=faces))[0])
        region = "Xmp.mwg-rs.Regions/mwg-rs:RegionList[1]"
        assert xmp[f"{region}/mwg-rs:Name"] == "Ann \u00c5"
        area = [float(str(xmp[f"{region}/mwg-rs:Area/stArea:{part}"])) for part in "xywh"]
        assert area == [0.375, 0.5, 0.25, 0.5]
        assert "Xmp.mwg-rs.Regions/mwg-rs:RegionList[2]" not in xmp


def test_a_name_that_looks_like_a_structure_of_xmp_is_a_name(tmp_path: Path) -> None:
    faces = (FaceRegion('type="x" Ann', (16, 12, 32, 36)),)
    xmp = xmp_of(carried(make("rgb.jpg", tmp_path), replace(NOTE, faces=faces))[0])
    assert str(xmp["Xmp.mwg-rs.Regions/mwg-rs:RegionList[1]/mwg-rs:Name"]).strip() == 'type="x" Ann'


def test_stored_regions_turn_with_the_picture_and_names_come_once(tmp_path: Path) -> None:
    source = tmp_path / "turned.jpg"
    source.write_bytes(turned_jpeg(1))
    stored, _ = carried(source, replace(NOTE, faces=(FaceRegion("Ann", (16, 9.6, 32, 14.4)),)))
    with opened(stored.read_bytes()) as image:
        image.modify_exif({"Exif.Image.Orientation": "6"})
        stored.write_bytes(image.get_bytes())
    again = (FaceRegion("Ann", (0, 0, 4, 4)), FaceRegion("Ben", (0, 0, 24, 32)))
    xmp = xmp_of(carried(stored, replace(NOTE, faces=again))[0])
    prefix = "Xmp.mwg-rs.Regions/mwg-rs:RegionList"
    names = [xmp.get(f"{prefix}[{number}]/mwg-rs:Name") for number in (1, 2, 3)]
    assert names == ["Ann", "Ben", None]
    ann = [float(str(xmp[f"{prefix}[1]/mwg-rs:Area/stArea:{part}"])) for part in "xywh"]
    assert ann == pytest.approx([0.75, 0.375, 0.1, 0.25])
    assert xmp["Xmp.mwg-rs.Regions/mwg-rs:AppliedToDimensions/stDim:w"] == "48"


def test_sizes_and_orientation_follow_the_upright_picture(tmp_path: Path) -> None:
    source = tmp_path / "turned.jpg"
    with opened(turned_jpeg(8)) as image:
        image.modify_exif({"Exif.Photo.PixelXDimension": "48", "Exif.Photo.PixelYDimension": "64"})
        image.modify_xmp({"Xmp.tiff.Orientation": "8"})
        source.write_bytes(image.get_bytes())
    target, _ = carried(source)
    tags = read_tags(target.read_bytes())
    assert tags.exif["Exif.Image.Orientation"] == "1"
    assert (tags.exif["Exif.Photo.PixelXDimension"], tags.exif["Exif.Photo.PixelYDimension"]) == ("64", "48")
    assert tags.xmp["Xmp.tiff.Orientation"] == "1"
    assert compare(source, target) == []


def test_damaged_metadata_is_named_and_the_picture_goes_on(tmp_path: Path) -> None:
    data = saved(Image.fromarray(picture()), "JPEG", exif=b"Exif\0\0XX*\0 this is no EXIF at all, only words")
    source = tmp_path / "bad.jpg"
    source.write_bytes(data)
    target, report = carried(source)
    assert report.changed[0].startswith("metadata: damaged in the source")
    assert xmp_of(target)["Xmp.xmpMM.History[1]/stEvt:action"] == "edited"
    assert compare(source, target) == []


def test_entities_in_xmp_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    packet = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lollollol">{levels}<!ENTITY file SYSTEM "{secret.as_uri()}">]>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about=""><dc:source>&l9;</dc:source>'
        "<dc:format>&file;</dc:format></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
    source = tmp_path / "bomb.jpg"
    source.write_bytes(saved(Image.fromarray(picture()), "JPEG", xmp=packet))
    tags = read_tags(source.read_bytes())
    assert len(repr(tags)) < 10_000
    assert "secret words" not in repr(tags)
    target, report = carried(source)
    assert report.changed == ("xmp: empty or damaged in the source, not carried over",)
    assert b"secret words" not in target.read_bytes()
    assert target.stat().st_size < 100_000


def test_threads_take_turns(tmp_path: Path) -> None:
    sources = []
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        sources.append(make(KINDS[number % 4], folder))
    with ThreadPoolExecutor(4) as pool:
        targets = [target for target, _ in pool.map(carried, sources)]
    assert [compare(source, target) for source, target in zip(sources, targets, strict=True)] == [[]] * 8


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in KINDS:
        carried(make(name, tmp_path))
    assert capfd.readouterr() == ("", "")


def test_file_times_are_those_of_the_source(tmp_path: Path) -> None:
    source = make("rgb.jpg", tmp_path)
    os.utime(source, (777_000_000, 888_000_000))
    target, _ = carried(source)
    finish(target, source)
    assert target.stat().st_mtime == 888_000_000


def test_a_developed_raw_keeps_what_was_said_about_the_picture(tmp_path: Path) -> None:
    source = make("sensor.dng", tmp_path)
    target, _ = carried(source)
    assert target.name == "new_sensor.dng.tif"
    tags = read_tags(target.read_bytes())
    assert tags.exif["Exif.Photo.DateTimeOriginal"] == EXIF["Exif.Photo.DateTimeOriginal"]
    assert not any("DNG" in key or "CFA" in key for key in tags.exif)
    assert probe(target, Limits()).format == "TIFF"
    assert compare(source, target) == []
