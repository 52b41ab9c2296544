import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.errors import MediaError
from f2s_ray.media.named_regions import Found, checked_area, clean_name, overlap, regions_of, same_name
from f2s_ray.media.regions import region_keys, stored_area, turned

LIST = "Xmp.mwg-rs.Regions/mwg-rs:RegionList"


def mwg(name="Ann", **area: str) -> dict[str, object]:
    tags = region_keys(f"{LIST}[1]", name, (0.5, 0.5, 0.2, 0.2))
    return tags | {f"{LIST}[1]/mwg-rs:Area/stArea:{key}": value for key, value in area.items()}


@pytest.mark.parametrize(
    "area",
    [
        {"x": "nan"},
        {"x": "inf"},
        {"w": "-0.2"},
        {"w": "0"},
        {"w": "9"},
        {"x": "1.2"},
        {"y": "-0.1"},
        {"h": "1e400"},
        {"h": "wide"},
        {"h": ""},
    ],
)
def test_an_area_that_is_none_is_a_trouble_and_no_region(area):
    found = regions_of(mwg(**area), "a.xmp")
    assert found.regions == ()
    (line,) = found.troubles
    assert line.startswith("a.xmp: the region of Ann ")


def test_an_area_over_the_edge_is_cut_to_the_picture():
    assert checked_area(("0.95", "0.5", "0.2", "0.2"), "Ann") == pytest.approx((0.925, 0.5, 0.15, 0.2))


def test_names_are_one_line_of_letters():
    assert clean_name("  Ann\r\n\tLee\0\x1b[31m\u202e ") == "Ann Lee [31m"
    assert clean_name("A\u030a") == "\u00c5"
    assert clean_name("\n\x07") == ""


@pytest.mark.parametrize("length", [201, 10_000, 1_000_000])
def test_a_name_longer_than_any_name_is_a_trouble(length):
    found = regions_of(mwg("x" * length), "a.xmp")
    assert found == Found((), (f"a.xmp: a name of {length} characters, at most 200 are taken",))


def test_a_region_without_a_name_or_of_another_type_or_unit_is_passed_over():
    assert regions_of(mwg(""), "a.xmp") == Found()
    assert regions_of(mwg() | {f"{LIST}[1]/mwg-rs:Type": "BarCode"}, "a.xmp") == Found()
    assert regions_of(mwg(unit="pixel"), "a.xmp") == Found()


def test_thousands_of_regions_are_refused_in_one_line():
    tags: dict[str, object] = {}
    for index in range(1, 1500):
        tags |= region_keys(f"{LIST}[{index}]", f"Ann {index}", (0.5, 0.5, 0.2, 0.2))
    assert regions_of(tags, "a.xmp") == Found((), ("a.xmp: 1499 regions, at most 1000 are read",))


def test_names_are_the_same_but_for_capitals_and_blanks():
    assert same_name("Ann  Lee", "ANN lee")
    assert not same_name("Ann", "Anna")


def test_an_area_overlaps_itself_wholly_and_a_far_one_not():
    assert overlap((0.5, 0.5, 0.2, 0.2), (0.5, 0.5, 0.2, 0.2)) == pytest.approx(1)
    assert overlap((0.5, 0.5, 0.2, 0.2), (0.8, 0.5, 0.2, 0.2)) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_stored_area_turns_back_to_the_box(orientation):
    area = turned(stored_area((80, 20, 100, 60), (200, 80), orientation), orientation)
    assert area == pytest.approx((0.45, 0.5, 0.1, 0.5))


FLOATS = st.one_of(st.floats().map(str), st.text(max_size=5))


@given(st.text(max_size=50), FLOATS, FLOATS, FLOATS, FLOATS)
def test_any_values_give_regions_inside_the_picture_or_troubles(name, x, y, w, h):
    microsoft = {
        "Xmp.MP.RegionInfo/MPRI:Regions[1]/MPReg:PersonDisplayName": name,
        "Xmp.MP.RegionInfo/MPRI:Regions[1]/MPReg:Rectangle": f"{x},{y},{w},{h}",
    }
    found = regions_of(mwg(name, x=x, y=y, w=w, h=h) | microsoft, "a.xmp")
    for region in found.regions:
        cx, cy, width, height = region.area
        assert all(math.isfinite(value) for value in region.area)
        assert -1e-9 <= cx - width / 2 <= cx + width / 2 <= 1 + 1e-9
        assert -1e-9 <= cy - height / 2 <= cy + height / 2 <= 1 + 1e-9
        assert region.name == clean_name(region.name) != ""


@given(st.text(max_size=300))
def test_a_cleaned_name_stays_as_it_is(text):
    try:
        name = clean_name(text)
    except MediaError:
        return
    assert clean_name(name) == name
    assert "\n" not in name
