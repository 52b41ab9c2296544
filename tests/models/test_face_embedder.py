import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d

from f2s_ray.errors import ConfigError
from f2s_ray.models import weights
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig


@pytest.fixture(scope="module")
def faces(six_people, detector):
    return detector.detect(six_people)


def test_a_vector_has_length_one(six_people, faces, embedder):
    vector = embedder.embed(six_people, faces[0].landmarks)
    assert vector.dtype == np.float32
    assert vector.shape == (128,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_different_people_are_far_apart(six_people, faces, embedder):
    vectors = np.stack([embedder.embed(six_people, face.landmarks) for face in faces])
    cosines = vectors @ vectors.T
    assert cosines[np.triu_indices(len(faces), 1)].max() < 0.4


def test_the_same_person_at_half_size_is_near(six_people, faces, embedder):
    half = avg_pool2d(six_people[None], 2)[0]
    for face in faces:
        small = embedder.embed(half, [value / 2 for value in face.landmarks])
        assert small @ embedder.embed(six_people, face.landmarks) > 0.85


def test_the_rest_of_the_picture_does_not_matter(six_people, faces, embedder):
    face = faces[2]
    shifted = torch.rand(3, six_people.shape[1] + 300, six_people.shape[2] + 200)
    shifted[:, 300:, 200:] = six_people
    moved = np.array(face.landmarks).reshape(5, 2) + np.array([200, 300])
    whole = embedder.embed(six_people, face.landmarks)
    assert embedder.embed(shifted, moved.reshape(-1).tolist()) @ whole > 0.9999


def test_a_face_at_the_border_is_embedded_all_the_same(embedder):
    vector = embedder.embed(torch.rand(3, 40, 40), [-5, 3, 20, 2, 8, 15, -3, 30, 18, 31])
    assert np.isfinite(vector).all()


def test_the_name_carries_the_digest(embedder):
    assert embedder.name == f"face_recognition_sface_2021dec@{weights.registry()[weights.FACE_EMBEDDER].sha256[:12]}"


def test_a_users_own_file_gives_the_same_vectors_as_the_same_weight(six_people, faces, embedder):
    own = FaceEmbedder(FaceEmbedderConfig(model_path=str(weights.path(weights.FACE_EMBEDDER))))
    assert own.name == embedder.name
    landmarks = faces[1].landmarks
    assert np.array_equal(own.embed(six_people, landmarks), embedder.embed(six_people, landmarks))


@pytest.mark.parametrize("name", ["absent.onnx", "model.pth"])
def test_a_path_that_is_no_onnx_file_is_the_users_mistake(tmp_path, name):
    (tmp_path / "model.pth").write_bytes(b"")
    with pytest.raises(ConfigError, match=name):
        FaceEmbedder(FaceEmbedderConfig(model_path=str(tmp_path / name)))


def test_a_network_that_does_not_recognise_faces_is_the_users_mistake():
    with pytest.raises(ConfigError, match="recognition"):
        FaceEmbedder(FaceEmbedderConfig(model_path=str(weights.path(weights.FACE_DETECTOR))))


def test_a_file_that_is_no_network_is_the_users_mistake(tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    with pytest.raises(ConfigError, match="broken"):
        FaceEmbedder(FaceEmbedderConfig(model_path=str(tmp_path / "broken.onnx")))
