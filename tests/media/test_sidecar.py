import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from f2s_ray.errors import MediaError
from f2s_ray.media.exiv2 import opened
from f2s_ray.media.named_regions import NamedRegion
from f2s_ray.media.sidecar import embedded_faces, sidecar_faces, sidecar_tags, stored_orientation
from tests.media.samples import saved, turned_jpeg
from tests.media.xmp_samples import HEAD, MWG, TAIL, bomb, digikam, lightroom, picasa, windows

AREA = pytest.approx((0.5, 0.4, 0.2, 0.3), abs=1e-5)


def only(found) -> NamedRegion:
    assert found.troubles == ()
    (region,) = found.regions
    return region


@pytest.mark.parametrize(
    ("data", "program", "applied_to"),
    [
        (digikam(), "digiKam", None),
        (digikam(size=(400, 300)), "digiKam", (400, 300)),
        (lightroom(), "Lightroom", (400, 300)),
        (picasa(), "XMP", (400, 300)),
        (windows(), "Windows Photo Gallery", None),
    ],
)
def test_each_program_s_sidecar_names_the_one_face(data, program, applied_to):
    region = only(sidecar_faces(data, "a.xmp"))
    assert (region.name, region.program, region.applied_to) == ("Ann Lee", program, applied_to)
    assert region.area == AREA


def jpeg(packet: bytes, software: str | None = None) -> bytes:
    with opened(saved(Image.new("RGB", (40, 30)), "JPEG", xmp=packet)) as image:
        if software:
            image.modify_exif({"Exif.Image.Software": software})
        return bytes(image.get_bytes())


@pytest.mark.parametrize("packet", [digikam(), lightroom(), picasa(), windows()])
def test_the_same_is_read_inside_a_jpeg(packet):
    region = only(embedded_faces(jpeg(packet, "Picasa"), "a.jpg"))
    assert region.name == "Ann Lee"
    assert region.area == AREA


def test_picasa_is_known_by_the_software_of_the_picture():
    assert only(embedded_faces(jpeg(picasa(), "Picasa"), "a.jpg")).program == "Picasa"


def test_a_sidecar_named_without_the_ending_is_for_the_ending_that_it_says():
    assert sidecar_faces(lightroom(extension="NEF"), "a.xmp", ".jpg").regions == ()
    assert len(sidecar_faces(lightroom(extension="NEF"), "a.xmp", ".nef", is_shared=True).regions) == 1
    found = sidecar_faces(digikam(), "a.xmp", ".jpg", is_shared=True)
    assert found.regions == ()
    assert "several pictures" in found.troubles[0]


def test_entities_neither_expand_nor_read_a_file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    hostile = bomb(secret.as_uri())
    beside = sidecar_faces(hostile, "a.xmp")
    inside = embedded_faces(jpeg(hostile), "a.jpg")
    for found in (beside, inside):
        assert found.regions == ()
        assert "DOCTYPE" in found.troubles[0]
        assert len(repr(found)) < 500


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\xff\xd8\xff", b"<x:xmpmeta>", b"<?xml version='1.0'?><html/>", digikam()[:-40]]
)
def test_a_broken_sidecar_is_one_line(data):
    found = sidecar_faces(data, "a.xmp")
    assert found.regions == ()
    (line,) = found.troubles
    assert line.startswith("a.xmp: ")
    assert "\n" not in line


def test_deep_nesting_is_one_line():
    inner = "<dc:a rdf:parseType='Resource'>" * 5000 + "</dc:a>" * 5000
    text = HEAD.format(toolkit="") + f'<rdf:Description xmlns:dc="http://x/" {MWG}>{inner}</rdf:Description>' + TAIL
    assert "levels" in sidecar_faces(text.encode(), "a.xmp").troubles[0]
    png = io.BytesIO()
    Image.new("L", (1, 1)).save(png, "PNG")
    assert embedded_faces(jpeg(text.encode()[:60000]), "a.jpg").regions == ()


def test_a_picture_without_xmp_or_with_an_empty_packet_has_no_trouble():
    assert embedded_faces(saved(Image.new("RGB", (4, 3)), "JPEG"), "a.jpg").troubles == ()
    empty = (HEAD.format(toolkit="") + '<rdf:Description rdf:about=""/>' + TAIL).encode()
    assert embedded_faces(jpeg(empty), "a.jpg").troubles == ()


def test_bytes_that_are_no_picture_are_one_line():
    (line,) = embedded_faces(b"no picture at all", "a.jpg").troubles
    assert line.startswith("a.jpg: ")


def test_the_orientation_of_a_file_is_read_from_its_exif():
    assert [stored_orientation(turned_jpeg(value)) for value in (1, 6, 8)] == [1, 6, 8]
    assert stored_orientation(b"") == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_sidecar_never_stops_the_reading(data):
    whole = bytearray(data.draw(st.sampled_from([digikam(), lightroom(), picasa(), windows()])))
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    found = sidecar_faces(bytes(whole), "a.xmp")
    assert all("\n" not in line for line in found.troubles)
    found = embedded_faces(jpeg(bytes(whole)), "a.jpg")
    assert all("\n" not in line for line in found.troubles)


def test_tags_that_cannot_be_read_are_an_error():
    with pytest.raises(MediaError, match=r"a\.xmp: "):
        sidecar_tags(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "a.xmp")
