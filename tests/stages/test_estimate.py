import numpy as np
import pytest

from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.stages.estimate import EstimateCode, EstimateSetup
from f2s_ray.stages.units import ReferencePicture
from tests.stages.people import PATH, original, unit_of


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def people(root):
    return unit_of(root, original())


def estimated(root, unit, weights, **chosen):
    setup = EstimateSetup(
        **chosen, model=Face2SceneConfig(weights=str(weights), threads=1), estimator="made@1", input_root=str(root)
    )
    (row,) = EstimateCode(setup)(unit)
    return row


def test_six_faces_of_one_picture_give_one_code(root, people, tiny_weights):
    row = estimated(root, people, tiny_weights)
    assert len(row.code) == 21 * 16
    assert row.regions == ()
    assert 1 <= len(row.face_ids) <= 6
    assert row.agreement is not None
    assert row.estimator == "made@1"


def test_the_order_of_faces_does_not_matter(root, people, tiny_weights):
    back = people.model_copy(update={"faces": people.faces[::-1]})
    assert estimated(root, people, tiny_weights) == estimated(root, back, tiny_weights)


def test_faces_that_are_too_small_do_not_vote(root, people, tiny_weights):
    sizes = sorted(face.face.face_px for face in people.faces)
    limit = max(16.0, (sizes[2] + sizes[3]) / 2)
    assert len(estimated(root, people, tiny_weights, min_face_px=limit).face_ids) <= 3


def test_without_a_usable_face_there_is_no_code_but_what_the_frame_shows(root, people, tiny_weights):
    row = estimated(root, people.model_copy(update={"faces": ()}), tiny_weights)
    assert (row.code, row.signature, row.regions, row.face_ids) == ((), (), (), ())
    assert (row.agreement, row.blur_sigma_px, row.noise_sigma) == (None, None, None)
    assert row.sharpness_measured > 0.1


def test_a_face_in_profile_does_not_vote(root, people, tiny_weights):
    first = people.faces[0]
    points = np.asarray(first.face.landmarks_px).reshape(5, 2)
    flat = np.stack([np.full(5, points[:, 0].mean()), points[:, 1]], 1)
    face = first.face.model_copy(update={"landmarks_px": tuple(flat.flatten().tolist())})
    alone = people.model_copy(update={"faces": (first.model_copy(update={"face": face}),)})
    assert estimated(root, alone, tiny_weights).code == ()


def test_references_double_a_vote(root, people, tiny_weights):
    """Two faces; who has a reference moves the common code towards itself."""
    one, two = (face.model_copy(update={"references": ()}) for face in (people.faces[0], people.faces[-1]))
    reference = ReferencePicture(
        face_id="reference",
        path=PATH,
        content_digest=people.media.content_digest,
        scan="",
        frame=0,
        landmarks_px=one.face.landmarks_px,
    )

    def code_of(*faces):
        row = estimated(root, people.model_copy(update={"faces": faces}), tiny_weights)
        assert row.face_ids == tuple(face.face.face_id for face in faces)
        return np.array(row.code)

    helped = one.model_copy(update={"references": (reference,)})
    alone, other = code_of(helped), code_of(two)
    line = alone - other
    shares = [float((code_of(face, two) - other) @ line / (line @ line)) for face in (one, helped)]
    assert shares[0] < shares[1] < 1
