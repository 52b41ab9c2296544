import pytest
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.errors import MediaError
from f2s_ray.media.picasa import named_faces, read_picasa
from tests.media.xmp_samples import picasa_ini

EDGES = (0.25, 0.125, 0.5, 0.375)
ANN = "d04ca592f8868c2"


def faces_of(data: bytes, filename="a.jpg", contacts=None):
    return named_faces(read_picasa(data, ".picasa.ini"), filename, contacts or {}, ".picasa.ini")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_names_are_read_in_every_encoding_that_picasa_wrote(encoding):
    ini = picasa_ini({"a.jpg": [(EDGES, ANN)]}, {ANN: "\u00c5nn L\u00e9e"})
    (region,) = faces_of(ini.encode(encoding)).regions
    assert region.name == "\u00c5nn L\u00e9e"
    assert region.area == pytest.approx((0.375, 0.25, 0.25, 0.25), abs=1e-4)
    assert region.program == "Picasa"


def test_a_rectangle_at_the_left_edge_has_lost_its_zeros():
    ini = picasa_ini({"a.jpg": [((0, 0.1, 0.2, 0.3), ANN)]}, {ANN: "Ann"})
    assert "rect64(1999" in ini
    (region,) = faces_of(ini.encode()).regions
    assert region.area == pytest.approx((0.1, 0.2, 0.2, 0.2), abs=1e-4)


def test_unknown_faces_and_contacts_without_a_name_are_passed_over():
    ini = picasa_ini({"a.jpg": [(EDGES, "f" * 16), (EDGES, "123")]}, {})
    assert faces_of(ini.encode()).regions == ()
    assert [region.name for region in faces_of(ini.encode(), contacts={"123": "Ann"}).regions] == ["Ann"]


def test_the_name_of_the_picture_may_differ_in_capitals():
    ini = picasa_ini({"A.JPG": [(EDGES, ANN)]}, {ANN: "Ann"})
    assert len(faces_of(ini.encode()).regions) == 1


@pytest.mark.parametrize("digits", ["80008000" + "4000" * 2, "0", "f" * 17])
def test_a_rectangle_that_is_none_is_a_trouble(digits):
    ini = f"[Contacts2]\n{ANN}=Ann;;\n[a.jpg]\nfaces=rect64({digits}),{ANN}\n"
    found = faces_of(ini.encode())
    assert found.regions == ()
    assert found.troubles[0].startswith(".picasa.ini: a.jpg: the region of Ann ")


@pytest.mark.parametrize("data", [b"\0\1\2\3" * 100, b"x" * ((16 << 20) + 1)])
def test_binary_or_huge_files_are_refused_in_one_line(data):
    with pytest.raises(MediaError, match=r"^\.picasa\.ini: ") as caught:
        read_picasa(data, ".picasa.ini")
    assert "\n" not in caught.value.message


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
def test_whatever_stands_there_never_stops_the_reading(data):
    data = b"[Contacts2]\n1=Ann\n[a.jpg]\nfaces=rect64(" + data
    if b"\0" not in data:
        assert all(0 <= region.area[0] <= 1 for region in faces_of(data).regions)
