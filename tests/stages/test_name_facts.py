from f2s_catalog.records import Constraint, Label
from hypothesis import given
from hypothesis import strategies as st

from f2s_ray.stages.name_facts import say_names
from tests.stages.named import called, face, identity, known, mark, short

A0, A1 = face("a.jpg", 0), face("a.jpg", 1)
B0, B1 = face("b.jpg", 0), face("b.jpg", 1)
C0, D0 = face("c.jpg", 0), face("d.jpg", 0)
ALL = (A0, A1, B0, B1, C0, D0)


def said(named, *identities, **facts):
    result = say_names(named, known(*identities, faces=ALL, **facts))
    return short(result.facts), result.conflicts


def label(kind, identity_id, *faces, name=None, by="Ann's user") -> Label:
    return Label(
        fact_id="1",
        said_at="",
        said_by=by,
        kind=kind,
        identity_id=identity_id,
        name=name,
        faces=tuple(map(mark, faces)),
    )


def test_an_unnamed_identity_gets_the_name_on_which_its_faces_agree():
    facts, conflicts = said([called(A0, "Ann"), called(B0, "Ann")], identity("p", A0, B0, C0))
    assert facts == [("confirm", "p", ["a.jpg#0", "b.jpg#0"]), ("name", "p", "Ann")]
    assert conflicts == []


def test_a_statement_says_who_said_it_and_where_the_faces_are():
    result = say_names([called(A0, "Ann", "Picasa")], known(identity("p", A0), faces=ALL))
    assert {fact.said_by for fact in result.facts} == {"import: Picasa"}
    assert result.facts[0].faces == (mark(A0),)


def test_a_name_given_before_is_never_overwritten():
    facts, conflicts = said([called(A0, "Anna")], identity("p", A0, name="Ann"))
    assert facts == []
    assert conflicts == ["a.jpg: Anna (digiKam) is called Ann here"]


def test_a_name_that_is_there_already_only_confirms_the_faces():
    person = identity("p", A0, B0, name="Ann", confirmed=[A0])
    assert said([called(A0, "ann"), called(B0, "ann")], person) == ([("confirm", "p", ["b.jpg#0"])], [])


def test_two_names_in_one_identity_make_two_of_it():
    person = identity("p", A0, B0, C0)
    facts, conflicts = said([called(A0, "Ann"), called(B0, "Ann"), called(C0, "Ben")], person)
    assert conflicts == []
    (reject, ann, ben, name_ann, name_ben) = facts
    assert reject == ("reject", "p", ["c.jpg#0"])
    assert ann == ("confirm", "p", ["a.jpg#0", "b.jpg#0"])
    assert name_ann == ("name", "p", "Ann")
    assert ben[0] == "confirm"
    assert ben[1] not in ("p", "")
    assert ben[2] == ["c.jpg#0"]
    assert name_ben == ("name", ben[1], "Ben")


def test_a_face_that_is_split_off_goes_to_who_is_called_so():
    persons = identity("p", A0, B0, C0), identity("q", D0, name="Ben")
    facts, _ = said([called(A0, "Ann"), called(B0, "Ann"), called(C0, "Ben")], *persons)
    assert ("confirm", "q", ["c.jpg#0"]) in facts
    assert [fact for fact in facts if fact[0] == "same"] == []


def test_identities_of_one_name_become_one_by_way_of_the_largest():
    persons = identity("p", A0), identity("q", B0, C0)
    facts, conflicts = said([called(A0, "Ann"), called(B0, "Ann")], *persons)
    assert conflicts == []
    assert facts == [
        ("same", "q", "p"),
        ("confirm", "q", ["a.jpg#0", "b.jpg#0"]),
        ("name", "q", "Ann"),
    ]


def test_who_is_called_so_already_goes_on_however_small():
    persons = identity("p", A0, name="Ann"), identity("q", B0, C0)
    assert said([called(B0, "Ann")], *persons)[0] == [("same", "p", "q"), ("confirm", "p", ["b.jpg#0"])]


def test_a_merge_leaves_out_the_faces_that_are_split_off():
    persons = identity("p", A0, name="Ann"), identity("q", B0, C0, D0)
    result = say_names([called(B0, "Ann"), called(C0, "Ann"), called(D0, "Ben")], known(*persons, faces=ALL))
    (merge,) = [fact for fact in result.facts if isinstance(fact, Constraint)]
    assert [one.face_id for one in merge.other_faces] == ["b.jpg#0", "c.jpg#0"]


def test_two_faces_of_one_photo_are_not_one_person():
    persons = identity("p", A0, B0), identity("q", A1)
    facts, conflicts = said([called(A0, "Ann"), called(A1, "Ann")], *persons)
    assert facts == [("confirm", "p", ["a.jpg#0"]), ("name", "p", "Ann")]
    assert conflicts == ["a.jpg: Ann is there twice; only one of them is taken"]


def test_identities_that_are_seen_together_do_not_merge_though_other_faces_are_named():
    persons = identity("p", A0, B0), identity("q", A1, C0)
    facts, conflicts = said([called(B0, "Ann"), called(C0, "Ann")], *persons)
    assert [fact for fact in facts if fact[0] == "same"] == []
    assert conflicts == ["a.jpg: Ann is there twice; only one of them is taken"]


def test_programs_that_disagree_about_a_face_are_a_conflict():
    facts, conflicts = said([called(A0, "Ann"), called(A0, "Ben", "Picasa")], identity("p", A0))
    assert facts == []
    assert conflicts == ["a.jpg: one face is Ann (digiKam) and Ben (Picasa)"]


def test_who_was_said_not_to_be_the_same_stays_apart():
    apart = Constraint(
        fact_id="1", said_at="", said_by="", kind="not_same", identity_id="q", other_id="p", faces=(), other_faces=()
    )
    persons = identity("p", A0, name="Ann"), identity("q", B0)
    facts, conflicts = said([called(B0, "Ann")], *persons, constraints=[apart])
    assert facts == []
    assert conflicts == ["b.jpg: Ann (digiKam) is said not to be the Ann of the catalog"]


def test_a_face_that_was_rejected_does_not_come_back():
    persons = identity("p", A0, name="Ann"), identity("q", B0)
    facts, conflicts = said([called(B0, "Ann")], *persons, labels=[label("reject", "p", B0)])
    assert facts == []
    assert conflicts == ["b.jpg: the face of Ann (digiKam) was rejected here"]


def test_a_face_that_a_person_confirmed_is_not_split_off():
    person = identity("p", A0, B0, C0, confirmed=[C0])
    facts, conflicts = said([called(A0, "Ann"), called(B0, "Ann"), called(C0, "Ben")], person)
    assert facts == [("confirm", "p", ["a.jpg#0", "b.jpg#0"]), ("name", "p", "Ann")]
    assert conflicts == ["c.jpg: the face of Ben (digiKam) was confirmed as somebody else's here"]


def test_of_several_who_are_called_so_none_is_guessed():
    persons = identity("p", A0, name="Ann"), identity("q", B0, name="Ann"), identity("r", C0)
    facts, conflicts = said([called(A0, "Ann"), called(B0, "Ann"), called(C0, "Ann")], *persons)
    assert sorted(facts) == [("confirm", "p", ["a.jpg#0"]), ("confirm", "q", ["b.jpg#0"])]
    assert conflicts == ["c.jpg: 2 people are called Ann here"]


def test_a_face_that_is_nobody_s_is_told():
    assert said([called(A0, "Ann")])[1] == ["a.jpg: Ann is a face of nobody; run `f2s identify` first"]


def test_what_was_said_once_is_not_said_again_though_it_was_overruled_since():
    named = [called(A0, "Ann"), called(B0, "Ben")]
    persons = identity("p", A0, B0), identity("q", C0)
    first = say_names(named, known(*persons, faces=ALL)).facts
    labels = [fact for fact in first if isinstance(fact, Label)]
    assert labels == first != []
    assert said(named, *persons, labels=labels) == ([], [])


NAMES = st.dictionaries(st.sampled_from(ALL).map(lambda one: one.face_id), st.sampled_from(["Ann", "Ben", "Cid"]))


@given(NAMES, st.lists(st.integers(0, 3), min_size=6, max_size=6), st.sampled_from([None, "Ann"]))
def test_no_two_faces_of_a_photo_are_confirmed_as_one_and_no_name_is_overwritten(names, homes, name):
    faces = {one.face_id: one for one in ALL}
    owned = {home: [one for one, of in zip(ALL, homes, strict=True) if of == home] for home in set(homes)}
    for group in owned.values():
        if len({one.media_id for one in group}) < len(group):
            return
    persons = [identity(f"p{home}", *group, name=name if home == 0 else None) for home, group in owned.items()]
    facts = say_names([called(faces[key], value) for key, value in names.items()], known(*persons, faces=ALL)).facts
    confirmed = [(fact.identity_id, one.face_id) for fact in facts if fact.kind == "confirm" for one in fact.faces]
    assert len({face_id for _, face_id in confirmed}) == len(confirmed)
    for home in {home for home, _ in confirmed}:
        own = [faces[face_id].media_id for of, face_id in confirmed if of == home]
        assert len(set(own)) == len(own)
    assert ("name", "p0") not in {(fact.kind, fact.identity_id) for fact in facts if name}
