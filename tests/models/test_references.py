import numpy as np
import pytest

from f2s_ray.models.references import Candidate, ReferenceConfig, choose_references


def face(name, quality=0.6, sharpness=0.7, yaw=0.0, px=150.0):
    return Candidate(name, quality, sharpness, yaw, px)


def names(chosen):
    return [reference.face.face_id for reference in chosen]


def test_the_best_face_comes_first():
    assert names(choose_references([face("a", 0.5), face("b", 0.7), face("c", 0.6)]))[0] == "b"


def test_a_badly_damaged_face_is_no_reference():
    assert choose_references([face("a", quality=0.1), face("b", quality=0.2)]) == []


def test_a_tiny_face_is_no_reference():
    assert choose_references([face("a", px=25.0)]) == []


def test_nobody_has_no_reference():
    assert choose_references([]) == []


def test_a_face_much_worse_than_the_best_is_left_out():
    assert names(choose_references([face("good", 0.8), face("poor", 0.3)])) == ["good"]


def test_at_most_so_many_are_chosen():
    faces = [face(f"f{i}", 0.6 + i / 100) for i in range(9)]
    assert len(choose_references(faces)) == 4
    assert len(choose_references(faces, ReferenceConfig(count=2))) == 2


def test_a_new_view_is_preferred_to_a_slightly_better_one_that_is_there():
    chosen = choose_references([face("best", 0.7), face("same", 0.65), face("turned", 0.6, yaw=30.0)])
    assert names(chosen) == ["best", "turned", "same"]
    assert "30 degrees to the right" in chosen[1].why


def test_a_new_view_does_not_outweigh_a_much_better_face():
    config = ReferenceConfig(view_weight=0.1)
    assert names(choose_references([face("a", 0.9), face("b", 0.85), face("turned", 0.5, yaw=40.0)], config))[1] == "b"


def test_each_choice_says_why():
    chosen = choose_references([face("a", 0.7, 0.9), face("b", 0.65), face("c", 0.6, yaw=-25.0)])
    reasons = {reference.face.face_id: reference.why for reference in chosen}
    assert reasons["a"] == "sharpest, frontal, 150 px"
    assert reasons["b"].startswith("next best")
    assert "25 degrees to the left" in reasons["c"]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_input_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    faces = [face(f"f{i}", quality, 0.5, yaw) for i, (quality, yaw) in enumerate(rng.uniform(0.3, 0.9, (12, 2)))]
    shuffled = [faces[i] for i in rng.permutation(12)]
    assert names(choose_references(faces)) == names(choose_references(shuffled))
