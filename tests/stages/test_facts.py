"""Each statement says what it says, later ones win, and none is lost while its face is away."""

from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.stages.facts import marks_of, replay
from tests.stages.people_said import make_face, mark, of_two, person, said
from tests.stages.test_identify import by_face, everybody, identify, of_face

ANN, BEN, CID = person(1, 4), person(2, 3), person(3, 2)
FACES = [*ANN, *BEN, *CID]


def start():
    """Who is who before anything is said: Ann, Ben and Cid."""
    before = everybody(FACES)
    return before, *(of_face(before, faces[0]) for faces in (ANN, BEN, CID))


def ids(faces):
    return {face.face_id for face in faces}


def replayed(*facts):
    rows = {made: row for row, made in enumerate(dict.fromkeys(marks_of(facts)))}
    return replay(facts, rows)


def test_a_name_goes_where_its_identity_goes():
    before, ann, _, cid = start()
    facts = [said("name", ann.identity_id, [ANN[0]], name="Ann")]
    assert of_face(everybody(FACES, before, facts), ANN[3]).name == "Ann"
    facts.append(of_two("same", cid.identity_id, ann.identity_id, CID, ANN))
    merged = of_face(everybody(FACES, before, facts), ANN[0])
    assert (merged.identity_id, merged.name) == (cid.identity_id, "Ann")
    facts.append(said("name", cid.identity_id, [CID[0]], name="Cid"))
    assert of_face(everybody(FACES, before, facts), ANN[0]).name == "Cid"
    facts.append(said("name", cid.identity_id, [CID[0]], name=None))
    assert of_face(everybody(FACES, before, facts), ANN[0]).name is None


def test_the_later_of_two_statements_wins_in_whatever_order_they_are_read():
    first, second = said("confirm", "x", [ANN[0]]), said("confirm", "y", [ANN[0]])
    for facts in ([first, second], [second, first]):
        assert replayed(*facts).faces[0].identity_id == "y"
    took, gave = said("reject", "x", [ANN[0]]), said("confirm", "x", [ANN[0]])
    assert replayed(took, gave).rejected == {}
    assert replayed(gave, said("reject", "x", [ANN[0]])).faces == {}


def test_a_rejected_face_leaves_with_its_track_but_for_what_was_confirmed():
    track = [make_face("film", face.embedding, frame=n, track="film/0/t0") for n, face in enumerate(ANN[:3])]
    faces = [*track, *FACES]
    before = everybody(faces)
    ann = of_face(before, ANN[3]).identity_id
    gone = everybody(faces, before, [said("reject", ann, [track[0]])])
    assert ids(track).isdisjoint(of_face(gone, ANN[3]).face_ids)
    assert len({by_face(gone)[face.face_id] for face in track}) == 1
    kept = everybody(faces, before, [said("reject", ann, [track[0]]), said("confirm", ann, [track[1]])])
    assert track[1].face_id in of_face(kept, ANN[3]).face_ids
    assert track[0].face_id not in of_face(kept, ANN[3]).face_ids


def test_stated_identities_never_become_one_by_themselves():
    early, late = ANN[:2], ANN[2:]
    facts = [said("confirm", "early", early), said("confirm", "late", late)]
    more = person(1, 6, first=10)
    found = identify([*ANN, *more], facts=facts)
    assert {one.identity_id for one in found} >= {"early", "late"}
    assert of_face(found, early[0]).identity_id != of_face(found, late[0]).identity_id
    found = identify([*ANN, *more], facts=[*facts, of_two("same", "early", "late", early, late)])
    assert of_face(found, late[0]).identity_id == "early"
    parted = [*facts, of_two("not_same", "early", "late", early[:1], late[:1])]
    assert of_face(identify([*ANN, *more], facts=parted), late[0]).identity_id == "late"


def test_faces_told_apart_before_anything_is_known_are_two():
    facts = [of_two("not_same", "x", "y", [ANN[0]], [ANN[1]])]
    found = identify(ANN, facts=facts)
    assert (of_face(found, ANN[0]).identity_id, of_face(found, ANN[1]).identity_id) == ("x", "y")


def test_a_split_of_what_was_merged_and_the_merge_of_what_was_split():
    before, ann, ben, _ = start()
    facts = [of_two("same", ann.identity_id, ben.identity_id, ANN, BEN)]
    merged = everybody(FACES, before, facts)
    assert set(of_face(merged, ANN[0]).face_ids) == ids([*ANN, *BEN])
    facts += [said("reject", ann.identity_id, BEN), said("confirm", "new", BEN)]
    split = everybody(FACES, merged, facts)
    assert of_face(split, BEN[0]).identity_id == "new"
    assert set(of_face(split, ANN[0]).face_ids) == ids(ANN)
    facts.append(of_two("same", ann.identity_id, "new", ANN, BEN))
    again = of_face(everybody(FACES, split, facts), BEN[0])
    assert set(again.face_ids) == ids([*ANN, *BEN])
    assert set(again.confirmed_face_ids) == ids(BEN)


def test_who_was_merged_comes_back_when_they_are_said_to_be_two():
    before, ann, ben, _ = start()
    facts = [of_two("same", ann.identity_id, ben.identity_id, ANN, BEN)]
    merged = everybody(FACES, before, facts)
    facts.append(of_two("not_same", ann.identity_id, ben.identity_id))
    after = everybody(FACES, merged, facts)
    assert by_face(after)[BEN[2].face_id] == ben.identity_id
    assert set(of_face(after, ANN[0]).face_ids) == ids(ANN)


def test_chains_of_merges_end_at_the_one_who_goes_on():
    facts = [of_two("same", "b", "c", [BEN[0]], [CID[0]]), of_two("same", "a", "b", [ANN[0]], [BEN[0]])]
    holding = replayed(*facts)
    assert holding.joined == {"b": "a", "c": "a"}
    assert {held.identity_id for held in holding.faces.values()} == {"a"}
    facts.append(of_two("same", "c", "a"))
    assert replayed(*facts).joined == {"b": "a", "c": "a"}


def test_a_statement_sleeps_while_its_face_is_away_and_wakes_when_it_comes_back():
    before, _, ben, _ = start()
    facts = [said("name", ben.identity_id, [BEN[0]], name="Ben"), said("confirm", ben.identity_id, BEN[1:])]
    asleep = everybody([*ANN, *CID], everybody(FACES, before, facts), facts)
    (row,) = [one for one in asleep if one.identity_id == ben.identity_id]
    assert (row.face_ids, row.number, row.name) == ((), ben.number, "Ben")
    awake = of_face(everybody(FACES, asleep, facts), BEN[1])
    assert (awake.identity_id, awake.number, awake.name) == (ben.identity_id, ben.number, "Ben")
    assert set(awake.confirmed_face_ids) == ids(BEN[1:])


def test_statements_outlive_the_table_of_identities_and_a_changed_detector():
    _, ann, ben, _ = start()
    facts = [
        said("name", ann.identity_id, [ANN[0]], name="Ann"),
        said("confirm", ben.identity_id, [BEN[0]]),
        said("reject", ann.identity_id, [ANN[1]]),
    ]
    moved = [make_face(face.media_id, face.embedding, at=(58, 66)) for face in FACES]
    for faces in (FACES, moved):
        found = everybody(faces, (), facts)
        assert (of_face(found, faces[0]).identity_id, of_face(found, faces[0]).name) == (ann.identity_id, "Ann")
        assert of_face(found, faces[4]).confirmed_face_ids == (faces[4].face_id,)
        assert of_face(found, faces[1]).identity_id != ann.identity_id


def test_a_renamed_file_keeps_what_was_said():
    renamed = [make_face(f"new-{face.media_id}", face.embedding) for face in FACES]
    digests = {face.media_id: f"bytes of {face.media_id.removeprefix('new-')}" for face in renamed}
    facts = [said("confirm", "x", [ANN[0]]), said("name", "x", [ANN[0]], name="Ann")]
    found = everybody(renamed, (), facts, moved=digests)
    assert of_face(found, renamed[0]).name == "Ann"
    assert of_face(found, renamed[0]).confirmed_face_ids == (renamed[0].face_id,)


def test_another_face_at_the_same_name_is_not_the_one_that_was_meant():
    elsewhere = ANN[0].model_copy(update={"box_px": (400.0, 400.0, 500.0, 520.0)})
    found = identify([elsewhere, *BEN], facts=[said("confirm", "x", [ANN[0]])])
    assert "x" not in {one.identity_id for one in found}


def test_ignored_is_who_was_said_to_be_until_noticed():
    _, ann, *_ = start()
    facts = [said("ignore", ann.identity_id, [ANN[0]])]
    assert of_face(identify(FACES, facts=facts), ANN[1]).is_ignored
    facts.append(said("notice", ann.identity_id, [ANN[0]]))
    assert not of_face(identify(FACES, facts=facts), ANN[1]).is_ignored


def test_a_primary_face_counts_only_while_it_is_theirs():
    before, ann, *_ = start()
    facts = [said("primary", ann.identity_id, [ANN[0]])]
    assert of_face(everybody(FACES, before, facts), ANN[1]).primary_face_id == ANN[0].face_id
    facts.append(said("reject", ann.identity_id, [ANN[0]]))
    assert of_face(everybody(FACES, before, facts), ANN[1]).primary_face_id == ANN[3].face_id


def test_afresh_leaves_alone_of_whom_something_was_said():
    before = everybody(FACES)
    ann = of_face(before, ANN[0])
    mixed = [
        one.model_copy(update={"face_ids": (*one.face_ids, CID[0].face_id)}) if one.identity_id == ann.identity_id
        else one.model_copy(update={"face_ids": tuple(f for f in one.face_ids if f != CID[0].face_id)})
        for one in before
    ]  # fmt: skip
    stated = everybody(FACES, mixed, [said("name", ann.identity_id, [ANN[0]], name="Ann")], afresh=True)
    assert CID[0].face_id in of_face(stated, ANN[0]).face_ids
    free = everybody(FACES, mixed, afresh=True)
    assert CID[0].face_id not in of_face(free, ANN[0]).face_ids
    assert everybody(FACES, free) == free


SHOWN = [*ANN, *person(2, 4, at=(300, 60))]
"""Four pictures, each of an Ann and a Ben."""
SHOWN[4:] = [
    ben.model_copy(
        update={"media_id": ann.media_id, "shot_id": ann.shot_id, "face_id": ann.face_id.replace(".50x", ".300x")}
    )
    for ann, ben in zip(SHOWN[:4], SHOWN[4:], strict=True)
]
FIRST, SECOND = sorted(one.identity_id for one in everybody(SHOWN))
names = st.sampled_from(["a", "b", FIRST, SECOND])
some = st.lists(st.sampled_from(SHOWN), min_size=1, max_size=3, unique_by=lambda face: face.face_id)
labels = st.tuples(st.sampled_from(["confirm", "reject", "name", "primary", "ignore", "notice"]), names, some)
pairs = st.tuples(st.sampled_from(["same", "not_same"]), names, names)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(labels, pairs), max_size=10), st.booleans())
def test_no_confirmed_face_is_lost_and_nobody_is_twice_in_a_picture_unless_said(told, afresh):
    facts, before = [], everybody(SHOWN)
    for kind, who, more in told:
        if kind in ("same", "not_same"):
            if who == more:
                continue
            own, others = (
                [face for face in SHOWN if face.face_id in one.face_ids] if one else []
                for one in (next((row for row in before if row.identity_id == name), None) for name in (who, more))
            )
            facts.append(of_two(kind, who, more, own, others))
        else:
            facts.append(said(kind, who, more, name=who if kind == "name" else None))
        before = everybody(SHOWN, before, facts)
    after = everybody(SHOWN, before, facts, afresh=afresh)
    assert sorted(face_id for one in after for face_id in one.face_ids) == sorted(ids(SHOWN))
    holding = replay(facts, {mark(face): row for row, face in enumerate(SHOWN)})
    owner = by_face(after)
    confirmed = {face_id: one.identity_id for one in after for face_id in one.confirmed_face_ids}
    for row, held in holding.faces.items():
        if held.is_confirmed:
            assert confirmed[SHOWN[row].face_id] == held.identity_id
    for row, nots in holding.rejected.items():
        assert owner[SHOWN[row].face_id] not in nots
    for row, (ann, ben) in enumerate(zip(SHOWN[:4], SHOWN[4:], strict=True)):
        if owner[ann.face_id] == owner[ben.face_id]:
            assert holding.faces[row].is_said
            assert holding.faces[row + 4].is_said
    numbers = [one.number for one in after]
    assert len(set(numbers)) == len(numbers)
    kept = {one.identity_id: one.number for one in before}
    assert all(one.number == kept[one.identity_id] for one in after if one.identity_id in kept)
    if not afresh:
        assert after == before
