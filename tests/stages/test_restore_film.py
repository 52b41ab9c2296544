"""Frames of a shot to a segment, segments to a film that is its source but for the pixels."""

import numpy as np
import pytest
from f2s_catalog.records import FaceGate, TrackGate

from f2s_ray.errors import MediaError
from f2s_ray.media.film.compare import compare_films
from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.models.face_embedder import FaceEmbedderConfig
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup, AssembleUnit
from f2s_ray.stages.films import Films, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.restore import RestoreMedia
from f2s_ray.stages.units import ReferencePicture, RestoreUnit, UnitFace
from f2s_ray.stages.workbench import FilmConfig, RestoreSetup
from tests.media.film.films import make_film
from tests.stages.films import SIZE, pan, probed, split, write_film
from tests.stages.test_film_index import detected

FRAMES = 12


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    write_film(folder / "pan.mkv", pan(FRAMES))
    return folder


@pytest.fixture(scope="module")
def whole(root):
    """The one shot of the film, with a gate that pastes every face it has references for."""
    item = probed(root, "pan.mkv")
    (shot,) = split(root, item)
    faces = tuple(known(face, item) for face in detected(root, item, shot, every_seconds=0.1))
    gates = tuple(gate_of(shot, faces, track) for track in sorted({face.face.track_id for face in faces}))
    return RestoreUnit(
        task_id="0" * 64, shot=shot, media=item, first_frame=0, stop_frame=FRAMES, faces=faces, gates=gates, code=(),
        regions=(), changes=(), restorer="face2scene@1", planned_on="2026-02-03",
    )  # fmt: skip


def known(face, item):
    reference = ReferencePicture(
        face_id=face.face_id, path=item.path, content_digest=item.content_digest, scan="progressive", frame=face.frame,
        landmarks_px=face.landmarks_px,
    )  # fmt: skip
    return UnitFace(
        face=face, identity_id="x", person=face.embedding, other=(), references=(reference,), other_face_ids=()
    )


def gate_of(shot, faces, track, version="restored face", weight=1.0):
    own = [face.face.face_id for face in faces if face.face.track_id == track]
    numbers = FaceGate(
        face_id=own[0], identity_id="x", reference_face_ids=(), decision="restored", weight=weight,
        similarity_before=0.5, similarity_after=0.5, other_before=None, other_after=None, self_similarity=0.9, reason="",
    )  # fmt: skip
    return TrackGate(
        track_id=track, shot_id=shot.shot_id, media_id=shot.media_id, face_ids=tuple(own), version=version, gate=numbers
    )


def restored(root, output, unit, weights, **film):
    """The row of the segment, which lies in ``output``."""
    setup = RestoreSetup(
        film=FilmConfig(**{"preset": "ffv1", **film}),
        model=Face2SceneConfig(weights=str(weights), threads=1),
        embedder=FaceEmbedderConfig(),
        input_root=str(root),
        output_root=str(output),
    )
    (segment,) = RestoreMedia(setup)(unit)
    return segment


def joined(root, output, unit, segments, preset="ffv1"):
    setup = AssembleSetup(preset=preset, input_root=str(root), output_root=str(output))
    (result,) = AssembleMedia(setup)(
        AssembleUnit(
            segments=tuple(segments), media=unit.media, restorer="r@1", names_taken=(), face_names=(), planned_on=""
        )
    )
    return result


def pixels(folder, result):
    film = Films(Inputs(str(folder))).get(result.path, result.digest, "progressive")
    return np.stack([rgb.numpy() for _, rgb in frames_at(film, range(film.index.frame_count))])


@pytest.fixture(scope="module")
def at_once(root, whole, tiny_weights, tmp_path_factory):
    output = tmp_path_factory.mktemp("at_once")
    return output, joined(root, output, whole, [restored(root, output, whole, tiny_weights)])


def test_the_film_is_its_source_but_for_the_pixels(root, at_once):
    output, result = at_once
    assert compare_films(root / "pan.mkv", output / result.path) == []
    source = Films(Inputs(str(root))).get("pan.mkv", result.source_digest, "progressive")
    before = np.stack([rgb.numpy() for _, rgb in frames_at(source, range(FRAMES))])
    assert np.abs(pixels(output, result) - before).max() > 0.02


def test_in_pieces_it_is_the_same_but_for_the_paths_of_faces(root, whole, tiny_weights, tmp_path, at_once):
    alone = whole.model_copy(update={"gates": ()})
    pieces = [
        restored(
            root,
            tmp_path,
            alone.model_copy(update={"task_id": str(n + 5) * 64, "first_frame": a, "stop_frame": b}),
            tiny_weights,
        )
        for n, (a, b) in enumerate([(0, 5), (5, 9), (9, FRAMES)])
    ]
    once = joined(root, tmp_path, alone, [restored(root, tmp_path, alone, tiny_weights)])
    parts = pixels(tmp_path, once)
    again = joined(root, tmp_path, alone, pieces)
    assert (pixels(tmp_path, again) == parts).all()


def test_faces_are_changed_where_they_are_and_only_there(root, whole, tiny_weights, tmp_path, at_once):
    output, result = at_once
    alone = whole.model_copy(update={"gates": (), "task_id": "1" * 64})
    scene = joined(root, tmp_path, alone, [restored(root, tmp_path, alone, tiny_weights)])
    change = np.abs(pixels(output, result) - pixels(tmp_path, scene)).max(1)
    for face in whole.faces:
        x0, y0, x1, y1 = (int(value) for value in face.face.box_px)
        assert change[face.face.frame, max(0, y0) : y1, max(0, x0) : x1].max() > 0.01
    assert np.median(change) < 0.004


def test_the_same_unit_gives_the_same_bytes(root, whole, tiny_weights, tmp_path):
    first, second = (restored(root, tmp_path / name, whole, tiny_weights) for name in ("a", "b"))
    assert first.digest == second.digest


def test_without_steadying_frames_are_on_their_own(root, whole, tiny_weights, tmp_path, at_once):
    alone = whole.model_copy(update={"gates": (), "task_id": "1" * 64})
    loose = joined(root, tmp_path, alone, [restored(root, tmp_path, alone, tiny_weights, steady_frames=0)])
    assert np.abs(pixels(tmp_path, loose) - pixels(*at_once)).max() > 0.01


def test_pixels_may_be_stored_otherwise_as_the_preset_has_it_and_the_row_says_so(root, whole, tiny_weights, tmp_path):
    alone = whole.model_copy(update={"gates": (), "task_id": "2" * 64})
    segment = restored(root, tmp_path, alone, tiny_weights, preset="prores")
    result = joined(root, tmp_path, alone, [segment], "prores")
    assert "8 bit become 10" in result.changed


def test_a_sound_that_no_container_takes_is_not_lost_without_a_word(root, whole, tiny_weights, tmp_path):
    """Matroska as PyAV writes it has no name for this kind."""
    make_film(tmp_path / "old.avi", count=FRAMES, size=SIZE, codec="mpeg4", sounds=[("adpcm_ms", "mono")])
    item = probed(tmp_path, "old.avi")
    (shot,) = split(tmp_path, item)
    alone = whole.model_copy(update={"gates": (), "faces": (), "media": item, "shot": shot})
    segment = restored(tmp_path, tmp_path / "out", alone, tiny_weights)
    with pytest.raises(MediaError, match="audio streams: 1 became 0") as caught:
        joined(tmp_path, tmp_path / "out", alone, [segment])
    assert caught.value.kind == "contract"
