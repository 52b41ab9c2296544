import pytest
import torch

from f2s_ray.evaluation.cases import choose, open_case, other_strength, sample
from f2s_ray.evaluation.gallery import open_gallery
from f2s_ray.evaluation.ledger import Ledger
from f2s_ray.media.degrade import CLEAN
from f2s_ray.media.geometry import native_side
from tests.evaluation.made import made_gallery


@pytest.fixture(scope="module")
def gallery(data, tmp_path_factory):
    return open_gallery([data], Ledger(tmp_path_factory.mktemp("kept") / "rows.jsonl"), lambda _: None)


def case_of(gallery, name, side=320, seed=1):
    return open_case(gallery, [picture.name for picture in gallery.pictures].index(name), side, seed)


# The choice


def test_a_choice_is_the_same_for_a_seed_and_another_for_another():
    gallery = made_gallery(["a"] * 30 + ["b"] * 30, [[i] for i in range(60)])
    assert choose(gallery, 12, 1) == choose(gallery, 12, 1)
    assert choose(gallery, 12, 1) != choose(gallery, 12, 2)


def test_every_set_is_there_and_known_people_come_first():
    gallery = made_gallery(["a"] * 10 + ["b"] * 10, [[i] for i in range(10)] + [[i // 2 + 20] for i in range(10)])
    chosen = choose(gallery, 8, 1)
    assert len(chosen) == 8
    assert len([index for index in chosen if index < 10]) == 2
    assert len(choose(gallery, 1000, 1)) == 20


def test_of_one_shot_one_picture_is_chosen():
    gallery = made_gallery(["a"] * 4, [[1], [1], [2], []], shots=[0, 0, 2, 3])
    assert len({0, 1} & set(choose(gallery, 4, 1))) == 1


def test_no_reference_is_of_the_same_picture_or_shot():
    gallery = made_gallery(["a"] * 4, [[1], [1], [1], [2]], shots=[0, 0, 2, 3])
    for face in gallery.faces:
        assert all(gallery.shots[known.picture] != gallery.shots[face.picture] for known in gallery.references(face))
    assert [known.picture for known in gallery.references(gallery.faces[0])] == [2]


# The window


def test_the_window_holds_the_largest_face_whole(gallery):
    case = case_of(gallery, "one/woman.png", side=160)
    assert case.clean.shape == (3, 160, 160)
    assert native_side(case.faces[0].landmarks) <= 160.001
    low, high = case.faces[0].landmarks.min(0), case.faces[0].landmarks.max(0)
    assert (low > 30).all()
    assert (high < 130).all()


def test_landmarks_of_the_window_are_where_its_face_is(gallery):
    from f2s_ray.models.face_detector import FaceDetector

    case = case_of(gallery, "one/woman.png", side=192)
    found = max(FaceDetector().detect(case.clean), key=lambda face: face.short_side_px)
    assert abs(torch.tensor(found.landmarks).view(5, 2).numpy() - case.faces[0].landmarks).mean() < 5
    assert found.short_side_px == pytest.approx(case.faces[0].face_px, rel=0.15)


def test_a_window_lies_on_the_grid_of_its_pictures_jpeg(gallery):
    windows = [open_case(gallery, index, 64, 1).window for index in range(len(gallery.pictures))]
    assert {(window.x0 % 8, window.y0 % 8) for window in windows} == {(0, 0)}


def test_a_picture_without_a_face_is_measured_in_its_middle_in_steps_of_16(gallery):
    case = case_of(gallery, "one/nobody.png", side=100)
    assert case.faces == ()
    assert (case.window.y0, case.window.x0, case.window.y1, case.window.x1) == (48, 80, 144, 176)


# The damage


def test_a_picture_has_its_own_damage_always_the_same(gallery):
    first, again = (sample(case_of(gallery, "one/woman.png"), "middle") for _ in range(2))
    assert first.operator == again.operator
    assert torch.equal(first.damaged, again.damaged)
    assert sample(case_of(gallery, "two/man.png"), "middle").operator != first.operator
    assert sample(case_of(gallery, "one/woman.png", seed=2), "middle").operator != first.operator


def test_undamaged_is_the_truth_itself(gallery):
    case = case_of(gallery, "one/woman.png")
    this = sample(case, "none")
    assert this.operator == CLEAN
    assert torch.equal(this.damaged, case.clean)


def test_damage_is_stored_in_8_bits_and_grows_with_the_strength(gallery):
    case = case_of(gallery, "one/woman.png")
    samples = [sample(case, strength).damaged for strength in ("mild", "middle", "strong")]
    errors = [float((damaged - case.clean).square().mean()) for damaged in samples]
    assert errors[2] > max(errors[:2]) > min(errors) > 0
    assert torch.equal((samples[0] * 255).round() / 255, samples[0])


@pytest.mark.parametrize("strength", ["mild", "middle", "strong"])
def test_codes_are_swapped_with_another_strength(strength):
    assert other_strength(strength) != strength
