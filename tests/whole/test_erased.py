"""People who were erased stay away from what is restored after; and an archive that tells nobody apart keeps no vector."""

import shutil

import pytest
from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase_plan import planned
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import DegradationCode, Face, Identity, MediaItem, RestoredMedia, RestoredSegment, Sighting
from f2s_catalog.store import fragments
from f2s_catalog.traces import find_traces
from PIL import Image

from tests.media.film.films import make_film
from tests.media.samples import SAMPLES, saved, tagged
from tests.stages.films import SIZE, pan
from tests.whole.conftest import Archive
from tests.whole.made import f2s, files

NAME = "Zoe Quist"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """One person in two photos, six in a third and in a film, and a picture of nobody."""
    from importlib.util import find_spec
    from pathlib import Path

    def shipped(package, path):
        return Image.open(Path(find_spec(package).origin).parent / path).convert("RGB")

    root = tmp_path_factory.mktemp("archive") / "photos"
    root.mkdir()
    portrait = shipped("skimage", "data/astronaut.png")
    (root / "portrait.jpg").write_bytes(tagged(saved(portrait.resize((400, 400)), "JPEG", quality=95)))
    other = portrait.crop((80, 0, 368, 288)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((240, 240))
    (root / "other.jpg").write_bytes(saved(other, "JPEG", quality=40))
    friends = shipped("insightface", "data/images/t1.jpg").resize((400, 277))
    (root / "friends.jpg").write_bytes(saved(friends, "JPEG", quality=90))
    (root / "nobody.png").write_bytes(SAMPLES["grey16.png"]())
    frames = pan(10)
    make_film(root / "street.mkv", count=len(frames), show=lambda number, *_: frames[number], size=SIZE)
    return root


@pytest.fixture(scope="module")
def first(source, tmp_path_factory, tiny_weights):
    archive = Archive(source, tmp_path_factory.mktemp("first") / "out", tiny_weights)
    assert archive.restore().code == 0
    return archive


@pytest.fixture
def archive(first, tmp_path):
    return Archive(first.source, shutil.copytree(first.output, tmp_path / "out"), first.weights)


def person_in(output, path):
    """The identity of the first face of a file."""
    catalog = Catalog(output)
    media = {item.path: item.media_id for item in catalog.rows(MediaItem)}
    face = next(face for face in catalog.rows(Face) if face.media_id == media[path])
    return next(one for one in catalog.rows(Identity) if face.face_id in one.face_ids)


def places(output):
    return {(face.media_id, face.frame, face.box_px) for face in Catalog(output).rows(Face)}


def test_results_are_made_again_without_the_person_and_the_others_keep_their_bytes(archive):
    who = person_in(archive.output, "portrait.jpg")
    assert f2s("people", "name", archive.output, who.identity_id, NAME).code == 0
    archive.restore()
    before = files(archive.output / "restored")
    assert NAME.encode() in (archive.output / "restored/portrait.jpg").read_bytes()
    others = {
        face.face_id: face.box_px for face in Catalog(archive.output).rows(Face) if face.face_id not in who.face_ids
    }
    sought = planned(archive.output, who.identity_id, "tester").sought
    assert "would go" in f2s("people", "erase", archive.output, NAME, "--dry-run").out
    assert files(archive.output / "restored") == before
    assert f2s("people", "erase", archive.output, NAME).code == 2
    ended = f2s("people", "erase", archive.output, NAME, "--yes")
    assert (ended.code, ended.err) == (0, "")
    kept = files(archive.output / "restored")
    assert set(before) - set(kept) == {"portrait.jpg", "other.jpg"}
    assert archive.restore().code == 0
    after = files(archive.output / "restored")
    assert set(after) == set(before)
    assert {path: after[path] for path in kept} == kept
    assert find_traces(archive.output, sought) == []
    left = {face.face_id: face.box_px for face in Catalog(archive.output).rows(Face)}
    assert left == others


def test_faces_do_not_come_back_whatever_looks_for_them(archive):
    who = person_in(archive.output, "friends.jpg")
    gone = {face.box_px for face in Catalog(archive.output).rows(Face) if face.face_id in who.face_ids}
    others = places(archive.output)
    assert f2s("people", "erase", archive.output, who.identity_id, "--yes").code == 0
    shutil.copy(archive.source / "friends.jpg", archive.output.parent / "copy.jpg")
    moved = shutil.copytree(archive.source, archive.output.parent / "photos")
    (moved / "friends.jpg").rename(moved / "renamed.jpg")
    looking = ("--set", "detect.detector.min_score=0.4", "--set", "detect.film.every_seconds=0.1")
    assert f2s("index", moved, archive.output, *looking, "--set", f"model.weights={archive.weights}").code in (0, 2)
    assert archive.restore(*looking).code == 0
    found = places(archive.output)
    assert found
    assert not {box for _, _, box in found} & gone
    assert len(others) > len(found)


def test_an_archive_that_tells_nobody_apart_keeps_no_vector(source, tmp_path, tiny_weights):
    archive = Archive(source, tmp_path / "out", tiny_weights)
    assert archive.restore("--set", "identities=off").code == 0
    catalog = Catalog(archive.output)
    assert len(catalog.rows(Face)) > 5
    for path in fragments(archive.output, Face):
        assert {len(row["embedding"]) for row in read_fragment(path, Face).to_pylist()} == {0}
    for kind in (Identity, Sighting):
        assert fragments(archive.output, kind) == []
    assert {code.origin for code in catalog.rows(DegradationCode)} >= {"face"}
    assert all(row.gates == () for row in catalog.rows(RestoredSegment))
    assert len(catalog.rows(RestoredMedia)) == 5
    for words in (("list",), ("show", "Ann"), ("erase", "Ann")):
        ended = f2s("people", words[0], archive.output, *words[1:])
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert "identities are off" in ended.err
