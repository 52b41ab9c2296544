import numpy as np
import pytest
import torch

from f2s_ray.media.geometry import TEMPLATE, align_matrix, native_side, warp
from f2s_ray.models.composite import Gatekeeper, Neighbours, Sighting, paste_face, paste_whole
from f2s_ray.models.face2scene import RestoredFace
from f2s_ray.models.gate import GateConfig

SIDE = 64
LANDMARKS = TEMPLATE * SIDE + np.array([20, 10])
ALONE = Neighbours(None, None)


@pytest.fixture
def source():
    return torch.full((3, 96, 112), 0.4)


@pytest.fixture
def face(source):
    """A face that became brighter by a fifth."""
    matrix = align_matrix(LANDMARKS, SIDE)
    before = warp(source, matrix, SIDE, SIDE)
    return RestoredFace(before, before + 0.2, matrix, native_side(LANDMARKS))


def always_the_same(_, __):
    return np.array([1.0, 0.0])


def brightness(rgb, _):
    """A person is a shade of grey."""
    angle = 4 * float(rgb.mean())
    return np.array([np.cos(angle), np.sin(angle)])


def test_a_face_that_stays_itself_is_pasted_whole(source, face):
    result = source.clone()
    candidate, _ = paste_face(
        Sighting(source, result, LANDMARKS, face), ALONE, Gatekeeper(always_the_same, GateConfig())
    )
    assert candidate.decision == "restored"
    assert torch.allclose(result, paste_whole(source, face), atol=1e-6)
    assert result.max() == pytest.approx(0.6, abs=1e-4)
    assert torch.equal(result[:, :, :15], source[:, :, :15])


def test_a_face_that_moves_away_from_its_person_is_kept(source, face):
    person = Neighbours(brightness(source, None), None)
    strict = Gatekeeper(brightness, GateConfig(max_loss=0.0))
    result = source.clone()
    candidate, ruling = paste_face(Sighting(source, result, LANDMARKS, face), person, strict)
    assert candidate.decision == "kept"
    assert torch.equal(result, source)
    assert ruling.similarity_after == pytest.approx(ruling.similarity_before)


def test_a_face_that_moves_a_little_too_far_is_pasted_by_half(source, face):
    person = Neighbours(brightness(source, None), None)
    whole = paste_whole(source, face)
    loss = 1 - float(brightness(whole[:, 2:82, 12:92], None) @ person.person)
    middling = Gatekeeper(brightness, GateConfig(max_loss=loss * 0.6, max_behind=1))
    result = source.clone()
    candidate, _ = paste_face(Sighting(source, result, LANDMARKS, face), person, middling)
    assert candidate.decision == "blended"
    assert result.max() == pytest.approx(0.5, abs=1e-4)


def test_without_references_the_face_is_that_of_the_scene(source):
    scene = source + 0.1
    result = scene.clone()
    candidate, ruling = paste_face(
        Sighting(source, result, LANDMARKS, None), ALONE, Gatekeeper(always_the_same, GateConfig())
    )
    assert (candidate.decision, candidate.weight) == ("kept", 0.0)
    assert ruling.reason == "face of the restored scene: stays like itself"
    assert torch.equal(result, scene)


def test_a_face_less_like_its_person_than_the_scenes_gives_way_to_that(source, face):
    scene = source + 0.05
    result = scene.clone()
    person = Neighbours(brightness(scene, None), None)
    lenient = Gatekeeper(brightness, GateConfig(max_loss=1))
    candidate, ruling = paste_face(Sighting(source, result, LANDMARKS, face), person, lenient)
    assert candidate.what == "face of the restored scene"
    assert "restored face is less like its person than the scene's" in ruling.reason
    assert torch.equal(result, scene)


def test_fidelity_bounds_the_share_of_the_restored_face(source, face):
    half, none = source.clone(), source.clone()
    candidate, _ = paste_face(
        Sighting(source, half, LANDMARKS, face), ALONE, Gatekeeper(always_the_same, GateConfig(), 0.5)
    )
    assert (candidate.decision, candidate.weight) == ("blended", 0.5)
    assert half.max() == pytest.approx(0.5, abs=1e-4)
    candidate, _ = paste_face(
        Sighting(source, none, LANDMARKS, face), ALONE, Gatekeeper(always_the_same, GateConfig(), 0.0)
    )
    assert (candidate.decision, candidate.weight) == ("kept", 0.0)
    assert torch.equal(none, source)
