import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.errors import MediaError
from f2s_ray.media.named_regions import clean_name
from f2s_ray.media.sidecar import sidecar_faces, sidecar_tags
from f2s_ray.media.sidecar_write import Portrayed, write_sidecar
from tests.media.xmp_samples import digikam

ANN = ("Ann", (0.2, 0.3, 0.1, 0.2))
BEN = ("Ben", (0.7, 0.3, 0.1, 0.2))
LIST = "Xmp.mwg-rs.Regions/mwg-rs:RegionList"
MP = "Xmp.MP.RegionInfo/MPRI:Regions"


def shown(*faces, size=(400, 300), orientation=1) -> Portrayed:
    return Portrayed(size, orientation, tuple(faces))


def written(existing, portrayed) -> bytes:
    data = write_sidecar(existing, portrayed, "a.xmp").data
    assert data is not None
    return data


def names_in(data: bytes) -> list[str]:
    return [region.name for region in sidecar_faces(data, "a.xmp").regions]


def test_a_new_sidecar_says_who_is_where_in_both_ways():
    tags = sidecar_tags(written(None, shown(ANN, BEN, orientation=6)), "a.xmp")
    assert tags["Xmp.iptcExt.PersonInImage"] == ["Ann", "Ben"]
    assert tags[f"{LIST}[1]/mwg-rs:Name"] == "Ann"
    assert tags[f"{LIST}[1]/mwg-rs:Type"] == "Face"
    assert tags[f"{LIST}[1]/mwg-rs:Area/stArea:x"] == "0.200000"
    assert tags[f"{LIST}[1]/mwg-rs:Area/stArea:unit"] == "normalized"
    size = "Xmp.mwg-rs.Regions/mwg-rs:AppliedToDimensions/stDim:"
    assert [tags[size + key] for key in ("w", "h", "unit")] == ["400", "300", "pixel"]
    assert tags[f"{MP}[1]/MPReg:PersonDisplayName"] == "Ann"
    assert tags[f"{MP}[1]/MPReg:Rectangle"] == "0.150000, 0.200000, 0.100000, 0.200000"
    assert tags["Xmp.tiff.Orientation"] == "6"


def test_arrays_are_bags_and_the_document_is_xmp_by_the_letter():
    text = written(None, shown(ANN)).decode()
    assert text.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert text.count("<rdf:Bag>") == 3
    assert "<rdf:Seq>" not in text


def test_a_second_time_the_same_bytes_come_out():
    for existing in (None, digikam()):
        first = written(existing, shown(ANN))
        assert written(first, shown(ANN)) == first


def test_a_new_name_replaces_our_old_one_and_the_last_name_takes_the_file_along():
    first = written(None, shown(ANN, BEN))
    second = written(first, shown(("Anna", ANN[1])))
    assert names_in(second) == ["Anna"]
    assert sidecar_tags(second, "a.xmp")["Xmp.iptcExt.PersonInImage"] == ["Anna"]
    assert write_sidecar(second, shown(), "a.xmp").data is None


def test_what_another_program_wrote_stays():
    before = sidecar_tags(digikam(size=(400, 300)), "a.xmp")
    after = sidecar_tags(written(digikam(size=(400, 300)), shown(ANN)), "a.xmp")
    assert after["Xmp.digiKam.TagsList"] == ["People/Ann Lee"]
    assert {key: after.get(key) for key in before} == before
    assert after[f"{LIST}[2]/mwg-rs:Name"] == after[f"{MP}[2]/MPReg:PersonDisplayName"] == "Ann"


def test_our_names_leave_another_program_s_sidecar_without_a_trace():
    theirs = digikam(size=(400, 300))
    first = written(theirs, shown(ANN, BEN))
    assert sorted(names_in(first)) == ["Ann", "Ann Lee", "Ben"]
    assert sidecar_tags(written(first, shown()), "a.xmp") == sidecar_tags(theirs, "a.xmp")


def test_a_face_that_another_program_calls_otherwise_is_a_conflict_and_keeps_that_name():
    result = write_sidecar(digikam(), shown(("Ben", (0.5, 0.4, 0.2, 0.3))), "a.xmp")
    assert result.conflicts == ("a.xmp: Ann Lee there, Ben here",)
    assert result.data == digikam()


def test_a_face_that_has_its_name_there_is_not_named_twice():
    result = write_sidecar(digikam(), shown(("ann lee", (0.5, 0.4, 0.2, 0.3))), "a.xmp")
    assert (result.data, result.conflicts) == (digikam(), ())


def test_regions_of_a_turned_picture_are_not_mixed_with_ours():
    with pytest.raises(MediaError, match="300 x 400, not 400 x 300; it is left as it is"):
        write_sidecar(digikam(size=(300, 400)), shown(ANN), "a.xmp")


def test_a_sidecar_that_the_toolkit_would_spoil_is_left_as_it_is():
    """Exiv2's toolkit forgets to declare a prefix that others end with, like this f, which ends rdf."""
    odd = digikam().replace(b' digiKam:PickLabel="0"', b' digiKam:PickLabel="0" xmlns:f="http://foo/" f:a="b"')
    assert sidecar_tags(odd, "a.xmp")["Xmp.f.a"] == "b"
    with pytest.raises(MediaError, match=r"a\.xmp: "):
        write_sidecar(odd, shown(ANN), "a.xmp")


def test_a_broken_sidecar_is_not_overwritten():
    with pytest.raises(MediaError, match=r"a\.xmp: "):
        write_sidecar(b"my own notes", shown(ANN), "a.xmp")


def test_a_film_has_names_without_places():
    film = Portrayed((1, 1), people=("Ann", "Ben"))
    first = written(None, film)
    tags = sidecar_tags(first, "a.xmp")
    assert tags["Xmp.iptcExt.PersonInImage"] == tags["Xmp.dc.subject"] == ["Ann", "Ben"]
    assert not any(key.startswith("Xmp.mwg-rs") for key in tags)
    assert written(first, film) == first
    assert sidecar_tags(written(first, Portrayed((1, 1), people=("Ben",))), "a.xmp")["Xmp.dc.subject"] == ["Ben"]


@pytest.mark.parametrize(
    "name", ['type="Bag"', 'type="x" Ann', 'lang="x" Ann', "Ann; Ben, C", "<&>\"'", "]]>", "\u05d0\u05df", "&lt;"]
)
def test_any_name_comes_back_as_it_was(name):
    for existing in (None, digikam()):
        data = written(existing, shown((name, ANN[1])))
        assert name in names_in(data)
        assert written(data, shown((name, ANN[1]))) == data


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=60), st.booleans())
def test_whatever_is_called_so_comes_back(text, is_ours):
    name = clean_name(text)
    if name:
        data = written(None if is_ours else digikam(), shown((name, ANN[1])))
        assert name in names_in(data)
