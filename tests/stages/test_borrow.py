import pytest

from f2s_ray.stages.borrow import BorrowConfig, borrow
from tests.stages.rows import estimate, media, region, shot


def borrowed(*pairs, config=None):
    """Codes by path, from pairs of a medium and its estimate."""
    items, estimates = [item for item, _ in pairs], [row for _, row in pairs]
    codes = list(borrow(items, [shot(item) for item in items], estimates, config or BorrowConfig()))
    assert [code.shot_id for code in codes] == [shot(item).shot_id for item in items]
    return {item.path: code for item, code in zip(items, codes, strict=True)}


def looks(path, *, camera=None, **measures):
    item = media(path, camera=camera)
    return item, estimate(item, **measures)


@pytest.mark.parametrize(("faces", "why"), [(1, "read from 1 face"), (3, "read from 3 faces")])
def test_a_picture_with_faces_keeps_its_own_code(faces, why):
    code = borrowed(looks("a/1.jpg", faces=faces), looks("a/2.jpg", faces=1))["a/1.jpg"]
    assert (code.origin, code.lender_shot_id, code.why) == ("face", None, why)
    assert code.code == (1.0, 2.0)
    assert code.agreement == 0.9


def test_a_picture_whose_faces_disagree_keeps_its_regions_and_lends_their_mean():
    parts = (region(0.2), region(0.8))
    codes = borrowed(looks("a/1.jpg", faces=2, regions=parts), looks("a/2.jpg"))
    assert codes["a/1.jpg"].regions == parts
    assert codes["a/1.jpg"].why == "read from 2 faces; non-uniform damage, 2 regions"
    assert codes["a/2.jpg"].origin == "borrowed"
    assert codes["a/2.jpg"].regions == ()
    assert codes["a/2.jpg"].code == codes["a/1.jpg"].code


def test_a_picture_without_a_face_takes_the_code_of_its_neighbour():
    codes = borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1))
    code, lender = codes["a/1.jpg"], codes["a/2.jpg"]
    assert code.origin == "borrowed"
    assert code.lender_shot_id == lender.shot_id
    assert code.why.startswith("same folder as a/2.jpg")
    assert (code.code, code.signature, code.blur_sigma_px) == (lender.code, lender.signature, lender.blur_sigma_px)


def test_the_same_camera_lends_across_folders():
    codes = borrowed(looks("a/1.jpg", camera="Box 1"), looks("b/2.jpg", camera="Box 1", faces=1))
    assert codes["a/1.jpg"].why.startswith("same camera as b/2.jpg")


@pytest.mark.parametrize("cameras", [(None, None), ("Box 1", "Box 2"), ("Box 1", None), (None, "Box 1")])
def test_a_stranger_does_not_lend(cameras):
    mine, theirs = cameras
    code = borrowed(looks("a/1.jpg", camera=mine), looks("b/2.jpg", camera=theirs, faces=1))["a/1.jpg"]
    assert (code.origin, code.lender_shot_id, code.code, code.blur_sigma_px) == ("blind", None, (), None)
    assert "no usable face" in code.why


def test_a_folder_inside_is_another_folder():
    assert borrowed(looks("a/1.jpg"), looks("a/b/2.jpg", faces=1))["a/1.jpg"].origin == "blind"


@pytest.mark.parametrize(
    "unlike", [{"noise": 0.08}, {"noise": 0.002}, {"sharpness": 0.9}, {"sharpness": 0.1}, {"blockiness": 0.4}]
)
def test_a_picture_that_looks_otherwise_does_not_lend(unlike):
    assert borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1, **unlike))["a/1.jpg"].origin == "blind"


def test_the_limits_are_the_configurations():
    pictures = looks("a/1.jpg"), looks("a/2.jpg", faces=1, sharpness=0.8)
    assert borrowed(*pictures)["a/1.jpg"].origin == "blind"
    assert borrowed(*pictures, config=BorrowConfig(max_sharpness_gap=0.4))["a/1.jpg"].origin == "borrowed"


def test_the_same_folder_goes_before_a_nearer_look():
    codes = borrowed(
        looks("a/1.jpg", camera="Box"),
        looks("a/2.jpg", faces=1, sharpness=0.6),
        looks("b/3.jpg", camera="Box", faces=1),
    )
    assert codes["a/1.jpg"].lender_shot_id == codes["a/2.jpg"].shot_id


def test_in_one_folder_the_nearest_look_lends():
    codes = borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1, sharpness=0.6), looks("a/3.jpg", faces=1, noise=0.022))
    assert codes["a/1.jpg"].lender_shot_id == codes["a/3.jpg"].shot_id


def test_equal_looks_fall_to_the_path_whatever_the_order():
    pictures = [looks("a/1.jpg"), looks("a/3.jpg", faces=1), looks("a/2.jpg", faces=1)]
    there, back = borrowed(*pictures), borrowed(*pictures[::-1])
    assert there == back
    assert there["a/1.jpg"].lender_shot_id == there["a/2.jpg"].shot_id


def test_what_was_borrowed_is_not_lent_on():
    codes = borrowed(
        looks("a/1.jpg", sharpness=0.5),
        looks("a/2.jpg", sharpness=0.65),
        looks("a/3.jpg", sharpness=0.8, faces=1),
    )
    assert [code.origin for code in codes.values()] == ["blind", "borrowed", "face"]


def test_a_shot_without_an_estimate_gets_no_code():
    read, unread = media("a/1.jpg"), media("a/2.jpg")
    codes = list(borrow([read, unread], [shot(read), shot(unread)], [estimate(read, faces=1)], BorrowConfig()))
    assert [code.shot_id for code in codes] == [shot(read).shot_id]


def test_an_empty_archive_has_no_codes():
    assert list(borrow([], [], [], BorrowConfig())) == []
