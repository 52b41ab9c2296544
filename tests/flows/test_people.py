"""What is said of people holds at once and for good, whatever else is running."""

import threading

import pytest
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Constraint, Identity, Label, ReferenceSet

from f2s_ray.errors import ConfigError
from f2s_ray.flows.people import People
from tests.flows.said_archive import ANN, BEN, BOTH, CID, FILM, settled, sightings, who


@pytest.fixture
def root(tmp_path):
    settled(tmp_path)
    return tmp_path


@pytest.fixture
def people(root):
    return People(root, "tester")


def faces_of(root, face):
    return set(who(root, face).face_ids)


def ids(faces):
    return {face.face_id for face in faces}


def test_the_made_archive_has_three_people(root):
    assert len(Catalog(root).rows(Identity)) == 3
    assert faces_of(root, ANN[0]) == ids([*ANN, *FILM[:2]])
    assert faces_of(root, BEN[0]) == ids([*BEN, BOTH[1], *FILM[2:]])


def test_a_sighting_is_a_face_of_a_photo_or_a_track(root):
    ann = who(root, ANN[0]).identity_id
    own = [row for row in sightings(root) if row.identity_id == ann]
    assert [(row.path, row.kind, row.face_count) for row in own] == [
        *((f"1-{number}.jpg", "photo", 1) for number in range(4)),
        ("film.mkv", "film", 2),
    ]
    assert (own[-1].seen_from_seconds, own[-1].seen_to_seconds) == (1.0, 3.5)
    assert all(0.7 < row.likeness <= 1 for row in own)
    keys = [(row.identity_id, row.path, row.track_id) for row in sightings(root)]
    assert keys == sorted(keys)


def test_a_name_is_given_taken_away_and_found(root, people):
    ann = who(root, ANN[0]).identity_id
    people.name(ann, "  Ann   Lee ")
    assert who(root, ANN[0]).name == "Ann Lee"
    assert People(root, "x").find("ann lee") == ann
    people.name(ann, None)
    assert who(root, ANN[0]).name is None
    assert [(row.kind, row.name, row.said_by) for row in Catalog(root).rows(Label)] == [
        ("name", "Ann Lee", "tester"),
        ("name", None, "tester"),
    ]


def test_two_become_one_and_the_first_goes_on(root, people):
    ann, cid = who(root, ANN[0]), who(root, CID[0])
    people.name(cid.identity_id, "Cid")
    people.merge(ann.identity_id, [cid.identity_id])
    merged = who(root, CID[0])
    assert (merged.identity_id, merged.number, merged.name) == (ann.identity_id, ann.number, "Cid")
    assert set(merged.face_ids) == set(ann.face_ids) | set(cid.face_ids)
    (said,) = Catalog(root).rows(Constraint)
    assert {mark.face_id for mark in said.other_faces} == set(cid.face_ids)


def test_two_seen_in_one_picture_become_one_when_somebody_says_so(root, people):
    people.merge(who(root, ANN[0]).identity_id, [who(root, BEN[0]).identity_id])
    assert faces_of(root, ANN[0]) >= ids(BOTH)


def test_a_merge_is_undone_by_saying_that_they_are_not_the_same(root, people):
    ann, cid = who(root, ANN[0]), who(root, CID[0])
    people.merge(ann.identity_id, [cid.identity_id])
    people.says([_not_same(people, ann, cid)])
    people.settle()
    assert who(root, CID[0]).identity_id == cid.identity_id
    assert set(who(root, ANN[0]).face_ids) == set(ann.face_ids)


def _not_same(people, one, other):
    return Constraint(
        fact_id="", said_at="", said_by="tester", kind="not_same", identity_id=one.identity_id,
        other_id=other.identity_id, faces=(), other_faces=(),
    )  # fmt: skip


def test_faces_are_split_off_with_their_track_and_stay_apart(root, people):
    ann = who(root, ANN[0])
    new = people.split(ann.identity_id, [ANN[1].face_id, FILM[0].face_id])
    assert who(root, ANN[1]).identity_id == new
    assert faces_of(root, ANN[1]) == ids([ANN[1], *FILM[:2]])
    assert who(root, ANN[0]).identity_id == ann.identity_id
    assert set(who(root, ANN[1]).confirmed_face_ids) == ids([ANN[1], FILM[0]])
    people.merge(ann.identity_id, [new])
    assert faces_of(root, ANN[0]) == set(ann.face_ids)


def test_a_rejected_face_leaves_and_does_not_come_back(root, people):
    ann = who(root, ANN[0])
    people.reject(ann.identity_id, [ANN[1].face_id])
    assert who(root, ANN[1]).identity_id != ann.identity_id
    settled(root, number=2)
    assert ANN[1].face_id not in faces_of(root, ANN[0])
    people = People(root, "tester")
    people.confirm(ann.identity_id, [ANN[1].face_id])
    assert who(root, ANN[1]).identity_id == ann.identity_id


def test_a_confirmed_face_comes_over_and_who_is_beside_it_stays_away(root, people):
    ann = who(root, ANN[0])
    people.confirm(ann.identity_id, [BOTH[1].face_id])
    assert who(root, BOTH[1]).confirmed_face_ids == (BOTH[1].face_id,)
    assert ANN[0].face_id not in faces_of(root, BOTH[1])  # one person is not twice in a picture


def test_who_is_ignored_gives_no_references_until_noticed(root, people):
    ann = who(root, ANN[0]).identity_id

    def count():
        return next(len(row.choices) for row in Catalog(root).rows(ReferenceSet) if row.identity_id == ann)

    before = count()
    people.ignore(ann)
    assert (who(root, ANN[0]).is_ignored, count()) == (True, 0)
    people.notice(ann)
    assert (who(root, ANN[0]).is_ignored, count()) == (False, before)


def test_a_person_is_shown_by_the_chosen_face(root, people):
    ann = who(root, ANN[0]).identity_id
    people.primary(ann, ANN[0].face_id)
    assert who(root, ANN[0]).primary_face_id == ANN[0].face_id
    first = next(row.choices[0] for row in Catalog(root).rows(ReferenceSet) if row.identity_id == ann)
    assert first.face_id == ANN[0].face_id


def test_new_pictures_join_who_is_there(root, people):
    ann = who(root, ANN[0]).identity_id
    people.name(ann, "Ann")
    from tests.stages.people_said import person

    more = person(1, 3, first=20)
    settled(root, (*ANN, *BEN, *CID, BOTH[1], *FILM, *more), number=2)
    assert who(root, more[0]).identity_id == ann
    assert who(root, more[0]).name == "Ann"


def test_something_may_be_said_while_a_job_runs(root, people):
    with Catalog(root).writing():
        teller = threading.Thread(target=people.name, args=(who(root, ANN[0]).identity_id, "Ann"))
        teller.start()
        teller.join(60)
        with pytest.raises(CatalogError, match="another run is writing"), Catalog(root).writing():
            pass
    assert who(root, ANN[0]).name == "Ann"


def test_two_who_speak_at_once_are_both_heard(root):
    ann, ben = who(root, ANN[0]).identity_id, who(root, BEN[0]).identity_id
    tellers = [
        threading.Thread(target=People(root, name).name, args=(identity_id, name))
        for identity_id, name in ((ann, "Ann"), (ben, "Ben"))
    ]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join(60)
    assert (who(root, ANN[0]).name, who(root, BEN[0]).name) == ("Ann", "Ben")


def test_settling_again_runs_nothing(root, people):
    before = sorted((root / "catalog").rglob("part-*"))
    people.settle()
    assert sorted((root / "catalog").rglob("part-*")) == before


@pytest.mark.parametrize(
    ("say", "part"),
    [
        (lambda people, ann: people.name("nobody", "Ann"), "there is no person 'nobody'"),
        (lambda people, ann: people.name(ann, " \n "), "is no name"),
        (lambda people, ann: people.merge(ann, [ann]), "two people"),
        (lambda people, ann: people.split(ann, [BEN[0].face_id]), "is no face of Person 1"),
        (lambda people, ann: people.split(ann, [face.face_id for face in (*ANN, *FILM[:2])]), "leave at least one"),
        (lambda people, ann: people.confirm(ann, ["1-0/0/0.50x60x101"]), "the nearest is '1-0/0/0.50x60x100'"),
        (lambda people, ann: people.confirm(ann, []), "no face is named"),
        (lambda people, ann: people.primary(ann, BEN[0].face_id), "confirm it first"),
        (lambda people, ann: people.not_same(ann, ann), "not two"),
        (lambda people, ann: people.find("Person 9"), "the nearest is 'Person"),
        (lambda people, ann: people.face("1-0.jpg", who(people._output, CID[0]).identity_id), "shows 2 faces"),
        (lambda people, ann: people.face("1-9.jpg", ann), "there is no face in '1-9.jpg'; the nearest is"),
    ],
)
def test_what_cannot_be_said_is_one_line_and_leaves_nothing(root, people, say, part):
    ann = who(root, ANN[0]).identity_id
    with pytest.raises((ConfigError, QueryError), match=part) as caught:
        say(people, ann)
    assert "\n" not in str(caught.value)
    assert Catalog(root).rows(Label) == Catalog(root).rows(Constraint) == []


def test_a_path_means_the_face_of_that_person_or_the_only_one(root, people):
    ann, ben = who(root, ANN[0]).identity_id, who(root, BEN[0]).identity_id
    assert people.face("1-0.jpg", ann) == ANN[0].face_id
    assert people.face("1-0.jpg", ben) == BOTH[1].face_id
    assert people.face("2-0.jpg", ann) == BEN[0].face_id
    assert people.face("film.mkv", ann) in ids(FILM[:2])
    assert people.face(CID[0].face_id, ann) == CID[0].face_id


def test_nobody_is_two_people_of_one_name(root, people):
    for face in (ANN[0], BEN[0]):
        people.name(who(root, face).identity_id, "Sam")
    with pytest.raises(QueryError, match="'Sam' may be 2 people"):
        people.find("Sam")
    assert people.find(who(root, ANN[0]).identity_id[:8]) == who(root, ANN[0]).identity_id
