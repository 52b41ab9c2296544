"""A table without some people has no id of theirs, and all else as it was."""

import pytest
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.records import (
    Constraint,
    Erasure,
    FaceGate,
    FaceMark,
    Identity,
    Label,
    ReferenceChoice,
    ReferenceSet,
    RestoredMedia,
    RestoreTask,
    TaskFace,
    TrackGate,
)
from f2s_catalog.scrub import scrub, without_results

from tests.catalog.made import face

GONE = frozenset({"A", "a1", "a2"})
STAMP = {"said_at": "2026-01-01T00:00:00+00:00", "said_by": "tester"}


def scrubbed(record_type, *rows):
    table, count = scrub(record_type, to_table(record_type, rows), GONE)
    return from_table(record_type, table), count


def mark(face_id):
    return FaceMark(face_id=face_id, content_digest="d", frame=0, box_px=(0, 0, 1, 1))


def label(kind, identity_id, *face_ids):
    return Label(
        fact_id=kind + identity_id,
        kind=kind,
        identity_id=identity_id,
        name=None,
        faces=tuple(map(mark, face_ids)),
        **STAMP,
    )


def identity(identity_id, *face_ids, nearest_id=None):
    return Identity(
        identity_id=identity_id, number=1, face_ids=face_ids, confirmed_face_ids=face_ids[:1], primary_face_id=face_ids[0],
        centroid=(0.0, 1.0), cohesion=1, margin=1, nearest_id=nearest_id, name=None, is_ignored=False,
    )  # fmt: skip


def gate(face_id, identity_id="B", references=()):
    return FaceGate(
        face_id=face_id, identity_id=identity_id, reference_face_ids=references, decision="kept", weight=0,
        similarity_before=None, similarity_after=None, other_before=None, other_after=None, self_similarity=1, reason="",
    )  # fmt: skip


def track_gate(track_id, *face_ids, of, references=()):
    return TrackGate(
        track_id=track_id,
        shot_id="s",
        media_id="m",
        face_ids=face_ids,
        version="",
        gate=gate(face_ids[0], of, references),
    )


def test_a_table_that_speaks_of_nobody_gone_is_the_same_object():
    table = to_table(Identity, [identity("B", "b1")])
    assert scrub(Identity, table, GONE) == (table, 0)
    assert scrub(Identity, table, GONE)[0] is table
    assert scrub(Identity, table.slice(0, 0), GONE)[1] == 0


def test_rows_of_faces_go():
    own, other = (face(0).model_copy(update={"face_id": one}) for one in ("a1", "b1"))
    assert scrubbed(type(own), own, other) == ([other], 1)


def test_an_identity_goes_with_any_of_the_faces_and_is_nobody_s_neighbour():
    mixed, near = identity("C", "c1", "a2"), identity("B", "b1", nearest_id="A")
    found, count = scrubbed(Identity, identity("A", "a1"), mixed, near)
    assert (found, count) == ([identity("B", "b1")], 3)


def test_what_was_said_of_others_stays_without_the_faces():
    kept = label("name", "B", "b1")
    said = [
        label("name", "A", "a1"),
        kept,
        label("confirm", "B", "b1", "a1"),
        label("reject", "B", "a2"),
        label("name", "C", "a1"),
    ]
    found, _ = scrubbed(Label, *said)
    assert found == [kept, label("confirm", "B", "b1"), label("name", "C")]


def test_what_was_said_of_two_goes_with_either():
    def of_two(one, other):
        return Constraint(
            fact_id=one + other,
            kind="same",
            identity_id=one,
            other_id=other,
            faces=(mark("b1"),),
            other_faces=(mark("a1"),),
            **STAMP,
        )

    found, count = scrubbed(Constraint, of_two("A", "B"), of_two("B", "A"), of_two("B", "C"))
    assert ([(row.identity_id, row.faces, row.other_faces) for row in found], count) == ([("B", (mark("b1"),), ())], 3)


def test_references_and_faces_leave_nested_lists():
    choice = ReferenceChoice(face_id="b1", quality=1, sharpness=1, yaw_degrees=0, face_px=9, why="")
    sets = [
        ReferenceSet(identity_id=who, choices=(choice, choice.model_copy(update={"face_id": "a1"}))) for who in "AB"
    ]
    assert scrubbed(ReferenceSet, *sets) == ([ReferenceSet(identity_id="B", choices=(choice,))], 2)
    faces = (
        TaskFace(face_id="a1", identity_id="A", reference_face_ids=(), other_face_ids=()),
        TaskFace(face_id="x", identity_id="A", reference_face_ids=(), other_face_ids=()),
        TaskFace(face_id="b1", identity_id="B", reference_face_ids=("b2", "a2"), other_face_ids=("a1",)),
    )
    task = RestoreTask(
        task_id="t", shot_id="s", media_id="m", path="p", first_frame=0, stop_frame=1, code_origin="face", faces=faces,
        restorer="r", tile_px=1, overlap_px=0, seed=0, megapixels=1, expected_seconds=1, risk="", planned_on="",
    )  # fmt: skip
    left = (TaskFace(face_id="b1", identity_id="B", reference_face_ids=("b2",), other_face_ids=()),)
    assert scrubbed(RestoreTask, task) == ([task.model_copy(update={"faces": left})], 1)


@pytest.mark.parametrize("of", ["A", "B"])
def test_a_track_of_the_person_goes_whole(of):
    other = track_gate("t2", "b1", of="B", references=("b2", "a1"))
    found, _ = scrubbed(TrackGate, track_gate("t1", "x" if of == "A" else "a1", of=of), other)
    assert found == [track_gate("t2", "b1", of="B", references=("b2",))]


def test_a_place_without_an_id_stays():
    row = Erasure(erasure_id="e", places=(mark(""),), name_salt="00", name_digests=("11",), **STAMP)
    assert scrubbed(Erasure, row) == ([row], 0)


def test_a_digest_of_a_name_goes_with_the_result_that_bears_it():
    def restored(media_id, names_digest):
        return RestoredMedia(
            media_id=media_id, task_id="t", path="p", digest="d", byte_count=1, source_digest="s", models=(),
            carried_over=(), changed=(), faces=(), names_digest=names_digest,
        )  # fmt: skip

    table = to_table(
        RestoredMedia, [restored("m", "digest of a name"), restored("m2", "of another"), restored("m3", "")]
    )
    left, count = without_results(table, {"m", "m3"})
    assert (left["media_id"].to_pylist(), count) == (["m2", "m3"], 1)
