"""People who were erased stay away from what is restored after; and an archive that tells nobody apart keeps no vector."""

import shutil

import pyarrow as pa
import pytest
from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase_plan import planned
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    CodeEstimate,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    RestoredMedia,
    RestoredSegment,
    Sighting,
)
from f2s_catalog.store import fragments
from f2s_catalog.traces import Sought, find_traces
from PIL import Image

from f2s_ray.media.regions import stored_area
from f2s_ray.models.face_detector import iou
from tests.media.film.films import make_film
from tests.media.samples import SAMPLES, saved, tagged
from tests.media.xmp_samples import digikam
from tests.stages.films import SIZE, pan, write_film
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


def test_a_name_in_a_source_does_not_come_back(source, tmp_path, tiny_weights):
    archive = Archive(shutil.copytree(source, tmp_path / "photos"), tmp_path / "out", tiny_weights)
    packet = digikam(NAME, stored_area((150, 20, 230, 140), (400, 400), 1))  # as a person draws it
    with Image.open(archive.source / "portrait.jpg") as picture:
        named = saved(picture, "JPEG", quality=95, xmp=packet)
    (archive.source / "portrait.jpg").write_bytes(named)
    assert f2s("index", archive.source, archive.output).code == 0
    assert f2s("identify", archive.output).code == 0
    assert "1 names, 1 faces matched" in f2s("people", "import", archive.output).out
    assert f2s("people", "erase", archive.output, NAME, "--yes").code == 0
    # The same photo again, and one that she is in, too, with her name in it.
    later = saved(Image.open(archive.source / "portrait.jpg"), "JPEG", quality=60, xmp=packet)
    for count in (1, 2):
        assert f2s("index", archive.source, archive.output).code == 0
        assert f2s("identify", archive.output).code == 0
        told = f2s("people", "import", archive.output).out
        assert f"0 names, 0 faces matched, 0 regions without a face, {count} of people who were erased" in told
        assert NAME not in f2s("people", "list", archive.output).out
        (archive.source / "later.jpg").write_bytes(later)


def test_a_track_stays_away_however_it_is_looked_for(tmp_path, tiny_weights):
    archive = Archive(tmp_path / "photos", tmp_path / "out", tiny_weights)
    archive.source.mkdir()
    frames = pan(48, step=(1, 0))
    write_film(archive.source / "walk.mkv", frames, rate=4)
    few = ("--set", "detect.film.faces_a_track=3", "--set", "detect.film.every_seconds=0.25")
    assert f2s("index", archive.source, archive.output, *few).code == 0
    assert f2s("identify", archive.output).code == 0
    tracks = {face.track_id: face for face in Catalog(archive.output).rows(Face)}
    longest = max(tracks.values(), key=lambda face: face.seen_to_seconds - face.seen_from_seconds)
    assert longest.seen_to_seconds - longest.seen_from_seconds > 4
    (who,) = (one for one in Catalog(archive.output).rows(Identity) if longest.face_id in one.face_ids)
    assert f2s("people", "erase", archive.output, who.identity_id, "--yes").code == 0
    short = ("--set", "detect.film.tracks.max_gap=0", "--set", "detect.film.every_seconds=0.25")
    # No face is followed to the next frame, so that each frame is a track of its own.
    apart = ("--set", "detect.film.tracks.reach=0.001", "--set", "detect.film.tracks.wide_reach=0.001")
    alone = ("--set", "detect.film.tracks.lone_score=0.5")
    assert f2s("index", archive.source, archive.output, *short, *apart, *alone).code == 0
    found = Catalog(archive.output).rows(Face)
    assert len({face.frame for face in found}) > 30
    x0, y0, x1, y1 = longest.box_px
    span = range(round(4 * longest.seen_from_seconds), round(4 * longest.seen_to_seconds) + 1)
    left = longest.frame  # the camera goes one pixel a frame
    at = {frame: (x0 + left - frame, y0, x1 + left - frame, y1) for frame in span}
    back = [face.frame for face in found if face.frame in at and iou(face.box_px, at[face.frame]) > 0.5]
    assert back == []


def test_pictures_whose_damage_they_told_are_listed_and_made_again(archive):
    loose = [
        word
        for name, most in (("noise_octaves", 5), ("sharpness_gap", 1), ("blockiness_gap", 1))
        for word in ("--set", f"borrow.max_{name}={most}")
    ]
    assert archive.restore(*loose).code == 0
    catalog = Catalog(archive.output)
    nobody = next(item.media_id for item in catalog.rows(MediaItem) if item.path == "nobody.png")
    (code,) = (code for code in catalog.rows(DegradationCode) if code.shot_id.startswith(nobody))
    assert code.origin == "borrowed"
    (told,) = (one for one in catalog.rows(CodeEstimate) if one.shot_id == code.lender_shot_id)
    who = next(one for one in catalog.rows(Identity) if told.face_ids[0] in one.face_ids)
    before = files(archive.output / "restored")
    line = "restored/nobody.png stays until f2s restore renews it: a face of theirs told its damage"
    assert line in f2s("people", "erase", archive.output, who.identity_id, "--dry-run").out
    assert line in f2s("people", "erase", archive.output, who.identity_id, "--yes").out
    assert files(archive.output / "restored")["nobody.png"] == before["nobody.png"]
    assert all(one.code != code.code for one in catalog.rows(DegradationCode))
    stale = {row["path"]: row["why"] for row in catalog.view("stale").to_pylist()}
    assert stale["nobody.png"] == ["what told its damage is not there any more"]
    assert archive.restore(*loose).code == 0
    after = {one.shot_id: one for one in catalog.rows(DegradationCode)}
    assert after[code.shot_id].code not in {(), code.code} or after[code.shot_id].origin == "blind"
    assert files(archive.output / "restored")["nobody.png"] != before["nobody.png"]
    assert catalog.view("stale").num_rows == 0


def test_who_is_told_apart_no_more_is_said_and_removed(archive):
    assert archive.restore().err == ""
    vectors = [face.embedding for face in Catalog(archive.output).rows(Face)]
    sought = Sought(
        {pa.array(one, pa.float32()).buffers()[1].to_pybytes()[: 4 * len(one)]: "a vector" for one in vectors}
    )
    ended = archive.restore("--set", "identities=off")
    assert (ended.code, ended.err.count("\n")) == (0, 1)
    assert f"earlier runs left {len(vectors)} vectors of faces" in ended.err
    assert f"f2s people erase {archive.output} --everybody removes them" in ended.err
    assert ended.err.strip() in f2s("people", "list", archive.output).err
    assert find_traces(archive.output, sought)
    kept, left = places(archive.output), files(archive.output / "restored")
    assert f2s("people", "erase", archive.output, "--everybody").code == 2
    assert f2s("people", "erase", archive.output, "--everybody", "--dry-run").code == 0
    assert find_traces(archive.output, sought)
    assert f2s("people", "erase", archive.output, "--everybody", "--yes").code == 0
    assert find_traces(archive.output, sought) == []
    again = archive.restore("--set", "identities=off")
    assert (again.code, again.err) == (0, "")
    assert (places(archive.output), files(archive.output / "restored")) == (kept, left)
    assert archive.restore("--set", "identities=on").code == 0
    assert sorted(face.embedding for face in Catalog(archive.output).rows(Face)) == sorted(vectors)
    assert len(Catalog(archive.output).rows(Identity)) > 3
    assert f2s("people", "erase", archive.output, "--everybody", "--yes").code == 2


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
