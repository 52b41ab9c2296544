"""A film to its medium, its shots and its faces."""

from fractions import Fraction

import numpy as np
import pytest
from f2s_catalog.records import Source

from f2s_ray.errors import MediaError
from f2s_ray.models.face_detector import FaceDetectorConfig
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, FilmSampling, network_names
from f2s_ray.stages.films import Films, file_digest, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from f2s_ray.stages.units import ShotUnit
from tests.media.film.films import QUARTER, make_film, number_of
from tests.stages.films import pan, probed, split, still_life, write_film


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def two_shots(root):
    """Thirty frames of people, then twenty of coffee."""
    write_film(root / "two.mp4", pan(30) + still_life(20))
    return probed(root, "two.mp4")


def detected(root, item, shot, **film):
    config = DetectConfig(detector=FaceDetectorConfig(), film=FilmSampling(**film))
    setup = DetectSetup(**config.model_dump(), networks=network_names(config), input_root=str(root))
    return list(DetectFaces(setup)(ShotUnit(shot=shot, media=item)))


def test_a_film_is_a_medium_with_its_facts(tmp_path):
    make_film(
        tmp_path / "a.mkv", count=30, rate=Fraction(30000, 1001), base=Fraction(1, 1000), stamps=[33 * n for n in range(30)],
        matrix=None, aspect=Fraction(4, 3), sounds=[("aac", "stereo")], subtitles=["eng"], chapters=["one", "two"],
        attachment=("font.ttf", b"x"),
    )  # fmt: skip
    item = probed(tmp_path, "a.mkv")
    assert (item.kind, item.format, item.width_px, item.height_px, item.bit_depth) == ("film", "FILM", 96, 64, 8)
    assert item.content_digest == file_digest(tmp_path / "a.mkv")
    facts = item.film
    assert (facts.codec, facts.pixel_format, facts.frame_count, facts.sample_aspect) == ("h264", "yuv420p", 30, "4/3")
    assert facts.duration_seconds == pytest.approx(30 * 0.033, abs=0.002)
    assert facts.streams[0].startswith("audio aac")
    assert facts.streams[1].startswith("subtitle subrip")
    assert (facts.chapter_count, facts.attachment_count, facts.damage) == (2, 1, None)


def test_a_turned_film_has_the_size_that_is_seen(tmp_path):
    make_film(tmp_path / "a.mp4", matrix=QUARTER)
    item = probed(tmp_path, "a.mp4")
    assert (item.width_px, item.height_px, item.film.rotation_degrees) == (64, 96, 90)


def test_a_film_that_is_cut_off_is_refused(tmp_path):
    whole = make_film(tmp_path / "a.mkv", count=60).read_bytes()
    (tmp_path / "b.mkv").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError) as trouble:
        probed(tmp_path, "b.mkv")
    assert trouble.value.kind == "truncated"


def test_a_text_called_film_is_told(tmp_path):
    (tmp_path / "a.mp4").write_text("no film")
    with pytest.raises(MediaError, match="no film that can be read"):
        list(
            ProbeMedia(ProbeSetup(input_root=str(tmp_path)))(
                Source(path="a.mp4", byte_count=7, modified_ns=1, trouble=None)
            )
        )


def test_frames_are_those_that_were_asked_for(tmp_path):
    make_film(tmp_path / "a.mp4", count=120)
    item = probed(tmp_path, "a.mp4")
    film = Films(Inputs(str(tmp_path))).of(item)
    found = [(number, number_of(rgb.permute(1, 2, 0).numpy())) for number, rgb in frames_at(film, [100, 3, 4, 3, 60])]
    assert found == [(3, 3), (4, 4), (60, 60), (100, 100)]


def test_a_film_that_changed_is_told(tmp_path):
    make_film(tmp_path / "a.mp4")
    with pytest.raises(MediaError) as trouble:
        Films(Inputs(str(tmp_path))).get("a.mp4", "0" * 64, "progressive")
    assert trouble.value.kind == "changed"


def test_a_cut_parts_two_shots_without_a_gap(root, two_shots):
    shots = split(root, two_shots)
    assert [(shot.first_frame, shot.stop_frame) for shot in shots] == [(0, 30), (30, 50)]
    assert [shot.start_seconds for shot in shots] == pytest.approx([0, 1.2])
    assert shots[-1].stop_seconds == pytest.approx(2.0)
    assert [shot.shot_id for shot in shots] == [f"{two_shots.media_id}/{n}" for n in range(2)]


def test_faces_are_followed_through_a_shot(root, two_shots):
    first, second = split(root, two_shots)
    faces = detected(root, two_shots, first, every_seconds=0.2, faces_a_track=3)
    tracks = {face.track_id for face in faces}
    assert len(tracks) >= 2
    for track in tracks:
        own = [face for face in faces if face.track_id == track]
        assert 1 <= len(own) <= 3
        vectors = np.array([face.embedding for face in own])
        assert (vectors @ vectors.T).min() > 0.5
        assert {(face.seen_from_seconds, face.seen_to_seconds) for face in own} == {
            (own[0].seen_from_seconds, own[0].seen_to_seconds)
        }
        for face in own:
            assert face.pts_seconds == pytest.approx(face.frame / 25)
            assert face.seen_from_seconds <= face.pts_seconds <= face.seen_to_seconds
    assert len({face.face_id for face in faces}) == len(faces)
    assert detected(root, two_shots, second) == []
