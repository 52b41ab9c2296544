"""What may be done to a face is decided once for its whole track."""

import numpy as np
import pytest

from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.models.face_embedder import FaceEmbedderConfig
from f2s_ray.models.gate import GateConfig
from f2s_ray.stages.judge import JudgeTracks
from f2s_ray.stages.units import JudgeUnit
from f2s_ray.stages.workbench import RestoreSetup
from tests.stages.films import pan, probed, split, write_film
from tests.stages.people import ANYTHING_GOES
from tests.stages.test_film_index import detected
from tests.stages.test_restore_film import known


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    write_film(folder / "pan.mkv", pan(12))
    return folder


@pytest.fixture(scope="module")
def unit(root):
    item = probed(root, "pan.mkv")
    (shot,) = split(root, item)
    faces = tuple(known(face, item) for face in detected(root, item, shot, every_seconds=0.1))
    return JudgeUnit(shot=shot, media=item, faces=faces, code=())


def judged(root, unit, weights, gate):
    setup = RestoreSetup(
        gate=gate,
        model=Face2SceneConfig(weights=str(weights), threads=1),
        embedder=FaceEmbedderConfig(),
        input_root=str(root),
        output_root=str(root),
    )
    return list(JudgeTracks(setup)(unit))


def test_every_track_with_references_has_one_row(root, unit, tiny_weights):
    rows = judged(root, unit, tiny_weights, ANYTHING_GOES)
    assert [row.track_id for row in rows] == sorted({face.face.track_id for face in unit.faces})
    for row in rows:
        assert (row.version, row.gate.decision, row.gate.weight) == ("restored face", "restored", 1.0)
        own = {face.face.face_id for face in unit.faces if face.face.track_id == row.track_id}
        assert set(row.face_ids) <= own
        assert row.gate.similarity_before == pytest.approx(1, abs=0.25)


def test_a_gate_that_nothing_passes_leaves_the_faces_as_they_were(root, unit, tiny_weights):
    rows = judged(root, unit, tiny_weights, GateConfig(max_loss=0, max_margin_loss=0, max_behind=0, min_self=1))
    assert {(row.version, row.gate.weight) for row in rows} == {("face left as it was", 0.0)}


def test_tracks_without_references_are_left_to_the_scene(root, unit, tiny_weights):
    strangers = tuple(face.model_copy(update={"references": (), "person": ()}) for face in unit.faces)
    assert judged(root, unit.model_copy(update={"faces": strangers}), tiny_weights, ANYTHING_GOES) == []


def test_the_order_of_the_faces_does_not_matter(root, unit, tiny_weights):
    back = unit.model_copy(update={"faces": unit.faces[::-1]})
    first, second = (judged(root, one, tiny_weights, ANYTHING_GOES) for one in (unit, back))
    assert [row.face_ids for row in first] == [row.face_ids for row in second]
    assert np.allclose([r.gate.self_similarity for r in first], [r.gate.self_similarity for r in second], atol=1e-6)
