import pytest
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.media.named_regions import NamedRegion
from f2s_ray.media.regions import stored_area
from f2s_ray.stages.place_names import Picture, place_names
from tests.stages.named import face

UPRIGHT = (400, 300)
ANN, BEN = face("a.jpg", 0), face("a.jpg", 2)


def region(name, box, orientation=1, applied_to=None) -> NamedRegion:
    return NamedRegion(name, stored_area(box, UPRIGHT, orientation), applied_to, "digiKam")


def picture(orientation=1) -> Picture:
    return Picture("a.jpg", *UPRIGHT, orientation)


def placed(regions, faces, shown=None):
    named, left = place_names(regions, faces, shown or picture())
    return {one.face.face_id: one.name for one in named}, [one.name for one in left]


BOTH = {"a.jpg#0": "Ann", "a.jpg#2": "Ben"}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("says_size", [True, False])
def test_regions_of_the_stored_picture_find_their_faces_however_it_is_turned(orientation, says_size):
    size = UPRIGHT[::-1] if orientation >= 5 else UPRIGHT
    applied_to = size if says_size else None
    regions = [
        region("Ann", ANN.box_px, orientation, applied_to),
        region("Ben", BEN.box_px, orientation, applied_to),
    ]
    assert placed(regions, [ANN, BEN], picture(orientation)) == (BOTH, [])


@pytest.mark.parametrize("orientation", range(5, 9))
def test_regions_of_the_upright_picture_are_known_by_its_size(orientation):
    regions = [region("Ann", ANN.box_px, 1, UPRIGHT), region("Ben", BEN.box_px, 1, UPRIGHT)]
    assert placed(regions, [ANN, BEN], picture(orientation)) == (BOTH, [])


@pytest.mark.parametrize("orientation", range(2, 9))
def test_regions_of_the_upright_picture_without_a_size_are_known_by_the_faces(orientation):
    regions = [region("Ann", ANN.box_px), region("Ben", BEN.box_px)]
    assert placed(regions, [ANN, BEN], picture(orientation)) == (BOTH, [])


def test_a_size_in_proportion_will_do_and_one_of_another_cut_will_not():
    assert placed([region("Ann", ANN.box_px, 1, (4000, 3010))], [ANN]) == ({"a.jpg#0": "Ann"}, [])
    assert placed([region("Ann", ANN.box_px, 1, (400, 400))], [ANN]) == ({}, ["Ann"])


def test_a_wide_region_around_a_face_is_its_name_and_one_beside_it_is_not():
    assert placed([region("Ann", (0, 0, 100, 150))], [ANN]) == ({"a.jpg#0": "Ann"}, [])
    assert placed([region("Ann", (60, 40, 110, 100))], [ANN]) == ({}, ["Ann"])
    assert placed([region("All", (0, 0, 400, 300))], [ANN, BEN]) == ({}, ["All"])


def test_the_best_fit_wins_and_each_face_has_one_name():
    regions = [region("Near", (30, 40, 80, 100)), region("Ann", ANN.box_px)]
    assert placed(regions, [ANN]) == ({"a.jpg#0": "Ann"}, ["Near"])


def test_a_picture_without_faces_leaves_all_regions():
    assert placed([region("Ann", ANN.box_px)], []) == ({}, ["Ann"])


SIDE = st.floats(0.01, 0.5)
AREAS = st.tuples(st.floats(0.25, 0.75), st.floats(0.25, 0.75), SIDE, SIDE)


@given(st.lists(AREAS, max_size=6), st.integers(0, 4), st.integers(1, 8))
def test_no_region_and_no_face_is_used_twice_and_none_is_lost(areas, count, orientation):
    regions = [NamedRegion(f"N{number}", area, None, "XMP") for number, area in enumerate(areas)]
    faces = [face("a.jpg", number) for number in range(count)]
    named, left = place_names(regions, faces, picture(orientation))
    assert sorted([one.name for one in named] + [one.name for one in left]) == [one.name for one in regions]
    assert len({one.face.face_id for one in named}) == len(named)
