import numpy as np
import pyarrow as pa
import pytest
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.records import Face, Identity, ReferenceSet

from f2s_ray.errors import ConfigError
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages import gather as gathering
from f2s_ray.stages import identify as identifying
from tests.stages.people_said import make_face, mark, on_track, person, said, vectors_of

CLUSTERING = ClusteringConfig()


def identify(faces, previous=(), facts=(), **options):
    """The identities that have faces."""
    return [one for one in everybody(faces, previous, facts, **options) if one.face_ids]


def everybody(faces, previous=(), facts=(), *, afresh=False, moved=()):
    digests = {face.media_id: f"bytes of {face.media_id}" for face in faces} | dict(moved)
    memory = identifying.Memory(to_table(Identity, previous), facts, digests)
    return from_table(Identity, identifying.identify(to_table(Face, faces), memory, CLUSTERING, afresh=afresh))


def gather(identities, faces, config):
    return from_table(ReferenceSet, gathering.gather(to_table(Identity, identities), to_table(Face, faces), config))


def by_face(identities):
    return {face_id: identity.identity_id for identity in identities for face_id in identity.face_ids}


def of_face(identities, face):
    return next(identity for identity in identities if face.face_id in identity.face_ids)


def test_two_people_are_two_identities_with_all_their_faces():
    faces = person(1, 4) + person(2, 3)
    identities = identify(faces)
    assert {frozenset(identity.face_ids) for identity in identities} == {
        frozenset(face.face_id for face in faces[:4]),
        frozenset(face.face_id for face in faces[4:]),
    }


def test_faces_stand_best_first_and_the_best_shows_its_identity():
    faces = person(1, 4)
    (identity,) = identify(faces)
    assert identity.face_ids == tuple(face.face_id for face in faces[::-1])
    assert identity.primary_face_id == identity.face_ids[0]


def test_a_single_face_is_an_identity_of_its_own():
    (face,) = person(1, 1)
    (identity,) = identify([face])
    assert identity.centroid == pytest.approx(face.embedding)
    assert identity.cohesion == pytest.approx(1.0, abs=1e-6)
    assert (identity.margin, identity.nearest_id) == (2.0, None)
    assert (identity.name, identity.is_ignored, identity.confirmed_face_ids) == (None, False, ())


def test_cohesion_and_margin_are_cosines_of_the_centroids():
    first, second = sorted(identify(person(1, 6) + person(2, 6)), key=lambda i: i.face_ids)
    assert first.cohesion == pytest.approx(np.sqrt(0.65 + 0.35 / 6), abs=0.05)
    assert first.margin == pytest.approx(1 - np.dot(first.centroid, second.centroid), abs=1e-6)
    assert (first.nearest_id, second.nearest_id) == (second.identity_id, first.identity_id)
    assert np.linalg.norm(first.centroid) == pytest.approx(1.0)


def test_no_face_is_no_identity():
    assert everybody([]) == []


def test_the_same_faces_again_are_the_same_identities_in_whatever_order():
    faces = person(1, 4) + person(2, 3) + person(3, 1)
    once = everybody(faces)
    assert everybody(faces, once) == once
    assert everybody(faces[::-1]) == once
    assert everybody(faces, once, afresh=True) == once


def test_identities_are_numbered_the_largest_first_and_new_ones_are_counted_on():
    faces = person(1, 2) + person(2, 4) + person(3, 3)
    before = identify(faces)
    assert [of_face(before, faces[at]).number for at in (2, 6, 0)] == [1, 2, 3]
    after = identify(faces + person(4, 5), before)
    assert [of_face(after, faces[at]).number for at in (2, 6, 0)] == [1, 2, 3]
    assert of_face(after, person(4, 1)[0]).number == 4


def test_a_number_is_not_given_twice_though_the_last_identity_went_away():
    faces = person(1, 3) + person(2, 2)
    before = everybody(faces)
    without = everybody(faces[:3], before)
    after = everybody(faces[:3] + person(3, 2), without)
    assert of_face(after, person(3, 1)[0]).number == 3


def test_an_identity_keeps_its_id_and_number_when_better_pictures_come():
    (before,) = identify(person(1, 3))
    (after,) = identify(person(1, 6), [before])
    assert len(after.face_ids) == 6
    assert after.face_ids[0] != before.face_ids[0]
    assert (after.identity_id, after.number) == (before.identity_id, before.number)


def test_an_identity_keeps_its_id_when_its_founding_picture_is_gone():
    faces = person(1, 5)
    (before,) = identify(faces)
    (after,) = identify(faces[:-1], [before])
    assert after.identity_id == before.identity_id


def test_who_was_told_apart_stays_apart_until_everything_is_looked_at_afresh():
    faces = person(1, 6)
    whole = identify(faces)[0]
    large = whole.model_copy(update={"identity_id": "large", "face_ids": tuple(f.face_id for f in faces[:4])})
    small = whole.model_copy(
        update={"identity_id": "small", "number": 2, "face_ids": tuple(f.face_id for f in faces[4:])}
    )
    assert [one.identity_id for one in identify(faces, [small, large])] == ["large", "small"]
    (after,) = identify(faces, [small, large], afresh=True)
    assert (after.identity_id, after.number) == ("large", whole.number)
    assert identify(faces, [after]) == [after]


def test_when_one_becomes_two_the_larger_part_goes_on_and_no_id_is_given_twice():
    first, second = person(1, 4), person(2, 3)
    one = identify(first)[0]
    # The founding face of the old identity is now with the smaller part: its digest is taken.
    mixed = one.model_copy(update={"face_ids": tuple(face.face_id for face in second + first)})
    mixed = mixed.model_copy(update={"identity_id": identify(second)[0].identity_id})
    assert len(identify(first + second, [mixed])) == 1
    after = by_face(identify(first + second, [mixed], afresh=True))
    assert after[first[0].face_id] == mixed.identity_id
    assert after[second[0].face_id] != mixed.identity_id


def test_faces_of_two_embedders_are_not_compared():
    faces = person(1, 2)
    other = faces[1].model_copy(update={"embedder": "arcface@1"})
    with pytest.raises(ConfigError, match="arcface@1 and sface@0"):
        identify([faces[0], other])


def test_another_embedder_moves_nobody():
    faces = person(1, 4) + person(2, 3)
    before = identify(faces, facts=[said("name", "x", [faces[0]], name="Ann")])
    seen_anew = [
        face.model_copy(update={"embedding": tuple(np.roll(face.embedding, at)[:64].tolist()), "embedder": "other@1"})
        for at, face in enumerate(faces)
    ]
    after = identify(seen_anew, before, [said("name", "x", [faces[0]], name="Ann")])
    assert by_face(after) == by_face(before)
    assert [(one.identity_id, one.number, one.name) for one in after] == [
        (one.identity_id, one.number, one.name) for one in before
    ]


def test_another_detector_moves_nobody_and_a_renamed_file_neither():
    faces = person(1, 4) + person(2, 3)
    before = identify(faces)
    shifted = [make_face(face.media_id, face.embedding, at=(53, 62)) for face in faces]
    assert {one.face_id for one in shifted}.isdisjoint(one.face_id for one in faces)
    after = identify(shifted, before)
    assert {one.identity_id: len(one.face_ids) for one in after} == {
        one.identity_id: len(one.face_ids) for one in before
    }
    renamed = [make_face(f"new-{face.media_id}", face.embedding) for face in faces]
    digests = {f"new-{face.media_id}": f"bytes of {face.media_id}" for face in faces}
    known = {face.media_id: f"bytes of {face.media_id}" for face in faces}
    after = identify(renamed, before, moved=digests | known)
    assert {one.identity_id: len(one.face_ids) for one in after} == {
        one.identity_id: len(one.face_ids) for one in before
    }


def test_references_are_faces_of_the_identity_best_first():
    faces = person(1, 5) + person(2, 2)
    identities = identify(faces)
    sets = gather(identities, faces, ReferenceConfig(count=3))
    assert [reference.identity_id for reference in sets] == [identity.identity_id for identity in identities]
    for identity, references in zip(identities, sets, strict=True):
        assert references.choices[0].face_id == identity.face_ids[0]
        assert {choice.face_id for choice in references.choices} <= set(identity.face_ids)
        assert len(references.choices) == min(3, len(identity.face_ids))


def test_an_identity_of_bad_faces_has_an_empty_set():
    face = make_face("m", person(1, 1)[0].embedding, quality=0.1)
    (references,) = gather(identify([face]), [face], ReferenceConfig())
    assert references.choices == ()


def test_the_face_that_a_person_chose_comes_first_and_who_is_ignored_gives_none():
    faces = person(1, 5)
    chosen = [said("primary", "x", [faces[1]])]
    (identity,) = identify(faces, facts=chosen)
    assert identity.primary_face_id == faces[1].face_id
    (references,) = gather([identity], faces, ReferenceConfig())
    assert references.choices[0].face_id == faces[1].face_id
    assert references.choices[0].why.startswith("chosen by a person")
    (ignored,) = identify(faces, facts=[*chosen, said("ignore", "x", [faces[0]])])
    assert ignored.is_ignored
    assert gather([ignored], faces, ReferenceConfig())[0].choices == ()


def test_references_of_nobody_are_an_empty_table():
    assert gather([], [], ReferenceConfig()) == []
    assert gather(everybody([], identify(person(1, 1))), [], ReferenceConfig())[0].choices == ()


def test_a_track_is_one_person_whatever_its_faces_are_like():
    faces = on_track("film", 0, [vectors_of(1, 1)[0], vectors_of(2, 1)[0]], (0, 5))
    (identity,) = identify(faces)
    assert set(identity.face_ids) == {face.face_id for face in faces}


def test_tracks_that_are_seen_at_once_are_two_people_and_one_after_the_other_may_be_one():
    own = vectors_of(1, 4)
    first = on_track("film", 0, own[:2], (0, 5))
    at_once, later = on_track("film", 1, own[2:], (4, 9)), on_track("film", 1, own[2:], (6, 9))
    assert len(identify(first + at_once)) == 2
    assert len(identify(first + later)) == 1


def test_a_photo_and_a_film_show_the_same_person():
    own = vectors_of(1, 4)
    faces = [*on_track("film", 0, own[:2], (0, 5)), make_face("photo", own[2]), *person(2, 2)]
    identities = identify(faces)
    assert {frozenset(identity.face_ids) for identity in identities} >= {frozenset(face.face_id for face in faces[:3])}


def test_the_nearest_other_stays_until_somebody_is_clearly_nearer():
    centre, near, nearer, clearly = np.eye(128)[:4]

    def at(cosine, own):
        return cosine * centre + np.sqrt(1 - cosine**2) * own

    people = [make_face("a", centre), make_face("b", at(0.20, near))]
    before = identify(people)
    a = of_face(before, people[0])
    slightly = identify([*people, make_face("c", at(0.21, nearer))], before)
    assert of_face(slightly, people[0]).nearest_id == a.nearest_id
    much = identify([*people, make_face("d", at(0.30, clearly))], before)
    assert of_face(much, people[0]).nearest_id == of_face(much, make_face("d", centre)).identity_id


def test_rows_are_arrow_whose_columns_are_those_of_the_record():
    faces = person(1, 2)
    memory = identifying.Memory(to_table(Identity, []), [], {})
    table = identifying.identify(to_table(Face, faces), memory, CLUSTERING)
    assert isinstance(table, pa.Table)
    assert to_table(Identity, from_table(Identity, table)).equals(table)


def test_a_mark_is_found_again_where_the_face_is():
    (face,) = person(1, 1)
    assert mark(face).content_digest == f"bytes of {face.media_id}"
