import math

import numpy as np
import pytest

from f2s_ray.models.gate import Candidate, GateConfig, judge

CONFIG = GateConfig(max_loss=0.02, max_margin_loss=0.05, min_self=0.35)
NOBODY = np.full(3, np.nan, dtype=np.float32)


def at(degrees, lift=0.0):
    """Unit vector in the plane of the person (0 degrees) and the other (90 degrees), lifted out of it."""
    plane = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), 0])
    vector = plane * math.cos(math.radians(lift)) + np.array([0, 0, math.sin(math.radians(lift))])
    return vector.astype(np.float32)


PERSON, OTHER = at(0), at(90)


def candidates(*vectors):
    words = [("restored", 1.0, "restored face"), ("blended", 0.5, "half"), ("kept", 0.0, "face left as it was")]
    chosen = [*words[: len(vectors) - 1], words[-1]]
    return [Candidate(d, w, lambda v=v: v, what) for (d, w, what), v in zip(chosen, vectors, strict=True)]


def test_a_face_closer_to_its_person_is_restored():
    before = at(30)
    ruling = judge(before, PERSON, OTHER, candidates(at(10), at(20), before), CONFIG)
    assert ruling.index == 0
    assert ruling.reason == "restored face: stays with its person"
    assert ruling.similarity_before == pytest.approx(math.cos(math.radians(30)), abs=1e-6)
    assert ruling.similarity_after == pytest.approx(math.cos(math.radians(10)), abs=1e-6)
    assert ruling.other_before == pytest.approx(0.5, abs=1e-6)
    assert ruling.other_after == pytest.approx(math.sin(math.radians(10)), abs=1e-6)
    assert ruling.self_similarity == pytest.approx(math.cos(math.radians(20)), abs=1e-6)


def test_a_face_that_leaves_its_person_gives_way_to_the_next():
    before = at(20)
    ruling = judge(before, PERSON, None, candidates(at(40), at(20), before), CONFIG)
    assert ruling.index == 1
    assert "restored face moved away from its person (0.94 to 0.77)" in ruling.reason
    assert ruling.other_before is None
    assert ruling.other_after is None


def test_a_small_loss_is_let_through():
    assert judge(at(10), PERSON, None, candidates(at(13), at(14)), CONFIG).index == 0


def test_a_face_that_moves_towards_somebody_else_is_stopped():
    before, after = at(0, lift=40), at(20, lift=35)
    ruling = judge(before, PERSON, OTHER, candidates(after, before), CONFIG)
    assert float(after @ PERSON) > float(before @ PERSON)
    assert ruling.index == 1
    assert "moved towards another person (lead 0.77 to 0.49)" in ruling.reason


def test_without_another_person_the_lead_is_not_asked():
    before, after = at(0, lift=40), at(20, lift=35)
    assert judge(before, PERSON, None, candidates(after, before), CONFIG).index == 0


def test_a_stranger_must_stay_like_himself():
    before = at(0)
    near = judge(before, None, None, candidates(at(60), before), CONFIG)
    assert near.index == 0
    assert near.reason == "restored face: stays like itself"
    assert near.similarity_before is None
    assert near.similarity_after is None
    far = judge(before, None, None, candidates(at(80), before), CONFIG)
    assert far.index == 1
    assert "no longer looks like itself (0.17)" in far.reason


def test_a_stranger_must_not_become_like_somebody_known():
    before = at(0)
    towards = judge(before, None, OTHER, candidates(at(30), before), CONFIG)
    assert towards.index == 1
    assert "moved towards another person (0.00 to 0.50)" in towards.reason
    assert judge(before, None, OTHER, candidates(at(-30), before), CONFIG).index == 0


def test_the_last_candidate_stands_when_all_others_fall():
    before = at(0)
    ruling = judge(before, PERSON, OTHER, candidates(at(80), at(50), before), CONFIG)
    assert ruling.index == 2
    assert ruling.self_similarity == pytest.approx(1)
    assert ruling.reason.startswith("face left as it was: ")
    assert "restored face moved" in ruling.reason
    assert "half moved" in ruling.reason


def test_even_a_last_candidate_that_moved_stands_and_says_so_in_numbers():
    ruling = judge(at(0), PERSON, OTHER, candidates(at(80), at(70)), CONFIG)
    assert ruling.index == 1
    assert ruling.similarity_after == pytest.approx(math.cos(math.radians(70)), abs=1e-6)


@pytest.mark.parametrize(("person", "other"), [(PERSON, None), (PERSON, OTHER), (None, None), (None, OTHER)])
def test_a_vector_that_is_no_number_is_refused(person, other):
    before = at(10)
    assert judge(before, person, other, candidates(NOBODY, before), CONFIG).index == 1


def test_a_face_behind_that_of_the_restored_scene_gives_way():
    ruling = judge(at(30), PERSON, None, candidates(at(20), at(12), at(10)), CONFIG)
    assert ruling.index == 2
    assert "restored face is less like its person than the scene's (0.940, 0.985)" in ruling.reason
    lenient = CONFIG.model_copy(update={"max_behind": 0.01})
    assert judge(at(30), PERSON, None, candidates(at(20), at(12), at(10)), lenient).index == 1


def test_where_nobody_is_known_the_scene_is_no_measure():
    assert judge(at(30), None, None, candidates(at(20), at(10)), CONFIG).index == 0


def test_no_candidate_is_embedded_twice_and_those_behind_the_scene_not_at_all():
    asked = []

    def embed(name):
        asked.append(name)
        return at(0)

    words = [("restored", 1.0, "a"), ("blended", 0.5, "b"), ("kept", 0.0, "scene"), ("kept", 0.0, "as it was")]
    judge(at(0), PERSON, OTHER, [Candidate(d, w, lambda n=n: embed(n), n) for d, w, n in words], CONFIG)
    assert asked == ["a", "scene"]


def test_no_candidate_at_all_is_a_bug():
    with pytest.raises(ValueError, match="no candidate"):
        judge(at(0), PERSON, OTHER, [], CONFIG)
