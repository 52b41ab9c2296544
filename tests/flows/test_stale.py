"""The view `stale` and the flow that gives faces to the restorer agree on what counts for a face."""

import numpy as np
import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, RestoredMedia, TaskFace

from f2s_ray.flows.joins import Archive, listed_paths
from f2s_ray.flows.people import People
from tests.catalog.made import outcome
from tests.flows.said_archive import ANN, BEN, BOTH, CID, FILM, settled, who
from tests.stages.people_said import make_face, person

COPY = ANN[1].model_copy(update={"media_id": "copy", "shot_id": "copy/0", "face_id": "copy/0/0.50x60x100"})
ALL = (*ANN, *BEN, *CID, BOTH[1], *FILM, COPY)


def faces_today(root):
    """Of each medium what a result that is made now is made with."""
    archive = Archive(Catalog(root), listed_paths(Catalog(root)))
    unit = archive.unit_faces()
    return {
        media.media_id: tuple(
            TaskFace(
                face_id=face.face.face_id,
                identity_id=face.identity_id,
                reference_face_ids=tuple(one.face_id for one in face.references),
                other_face_ids=face.other_face_ids,
            )
            for shot_id in dict.fromkeys(face.shot_id for face in archive.faces if face.media_id == media.media_id)
            for face in unit(shot_id)
        )
        for media in archive.media
    }


def restored(root, number=1):
    """Rows of results as `restore` would leave them now."""
    rows = [
        outcome(
            f"result of {media_id}",
            RestoredMedia(
                media_id=media_id, task_id=media_id, path=f"restored/{media_id}", digest="d", byte_count=1,
                source_digest="s", models=(), carried_over=(), changed=(), faces=faces, names_digest="",
            ),
            step="assemble",
            number=number,
        )
        for media_id, faces in faces_today(root).items()
    ]  # fmt: skip
    Catalog(root).commit(TABLES, rows)


@pytest.fixture
def root(tmp_path):
    settled(tmp_path, ALL)
    restored(tmp_path)
    return tmp_path


@pytest.fixture
def people(root):
    return People(root, "tester")


def stale(root):
    return {row["media_id"]: row["why"] for row in Catalog(root).view("stale").to_pylist() if row["has_pixels"]}


def test_nothing_is_stale_that_was_just_made(root):
    assert any(face.reference_face_ids for faces in faces_today(root).values() for face in faces)
    assert any(face.other_face_ids for faces in faces_today(root).values() for face in faces)
    assert Catalog(root).view("stale").num_rows == 0


SAYINGS = {
    "merge": lambda people, ann, ben, cid: people.merge(ann, [cid]),
    "merge of those who are in one picture": lambda people, ann, ben, cid: people.merge(ann, [ben]),
    "split": lambda people, ann, ben, cid: people.split(ann, [ANN[2].face_id, ANN[3].face_id]),
    "split of a track": lambda people, ann, ben, cid: people.split(ann, [FILM[0].face_id]),
    "reject": lambda people, ann, ben, cid: people.reject(ben, [BEN[2].face_id]),
    "confirm": lambda people, ann, ben, cid: people.confirm(cid, [BEN[0].face_id]),
    "primary": lambda people, ann, ben, cid: people.primary(ann, ANN[0].face_id),
    "ignore": lambda people, ann, ben, cid: people.ignore(ben),
    "name": lambda people, ann, ben, cid: people.name(ann, "Ann"),
    "not the same": lambda people, ann, ben, cid: people.not_same(ann, cid),
}


@pytest.mark.parametrize("saying", SAYINGS)
def test_stale_is_what_would_be_made_with_other_faces_and_nothing_else(root, people, saying):
    before = faces_today(root)
    SAYINGS[saying](people, *(who(root, faces[0]).identity_id for faces in (ANN, BEN, CID)))
    after = faces_today(root)
    assert set(stale(root)) == {media_id for media_id in before if before[media_id] != after[media_id]}
    restored(root, number=2)
    assert stale(root) == {}


def test_a_better_picture_renews_only_whom_it_restores(root):
    before = faces_today(root)
    (better,) = person(3, 1, first=30)
    better = better.model_copy(update={"quality": 0.95, "sharpness": 0.9})
    settled(root, (*ALL, better), number=2)
    found, after = stale(root), faces_today(root)
    assert set(found) == {media_id for media_id in before if before[media_id] != after[media_id]}
    assert {face.media_id for face in CID} <= set(found)
    cid = who(root, CID[0])
    assert found[CID[0].media_id] == [f"references of Person {cid.number} changed"]


def test_a_stranger_in_a_new_picture_renews_nothing(root):
    stranger = np.random.default_rng(99).normal(size=128)
    settled(root, (*ALL, make_face("stranger", stranger / np.linalg.norm(stranger))), number=2)
    assert stale(root) == {}


def test_why_is_said_in_words(root, people):
    ann, ben, cid = (who(root, faces[0]) for faces in (ANN, BEN, CID))
    people.name(ann.identity_id, "Ann")
    people.merge(ann.identity_id, [cid.identity_id])
    assert "merged into Ann" in stale(root)[CID[0].media_id]
    people.confirm(ben.identity_id, [CID[0].face_id])
    assert f"face moved to Person {ben.number}" in stale(root)[CID[0].media_id]
    people.reject(ann.identity_id, [ANN[3].face_id])
    moved = who(root, ANN[3])
    assert f"face moved from Ann to Person {moved.number}" in stale(root)[ANN[3].media_id]
    names = [row for row in Catalog(root).view("stale").to_pylist() if row["media_id"] == ANN[1].media_id]
    assert "name Ann is not in its metadata yet" in names[0]["why"]


def test_a_face_that_is_gone_is_told(root):
    settled(root, [face for face in ALL if face.face_id != BOTH[1].face_id], number=2)
    assert "a face of it is not there any more" in stale(root)[ANN[0].media_id]
