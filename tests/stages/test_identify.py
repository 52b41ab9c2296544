import numpy as np
import pytest
from f2s_catalog.records import Face

from f2s_ray.errors import ConfigError
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages.identify import gather, identify

CLUSTERING = ClusteringConfig()


def make_face(media, vector, index=0, quality=0.6, **changes):
    values = {
        "face_id": f"{media}/0/{index}",
        "shot_id": f"{media}/0",
        "media_id": media,
        "track_id": None,
        "frame": 0,
        "seen_from_seconds": 0,
        "seen_to_seconds": 0,
        "pts_seconds": 0.0,
        "box_px": (0.0, 0.0, 100.0, 120.0),
        "landmarks_px": (30.0, 40.0, 70.0, 40.0, 50.0, 60.0, 35.0, 85.0, 65.0, 85.0),
        "score": 0.9,
        "face_px": 100.0,
        "sharpness": 0.7,
        "yaw_degrees": 0.0,
        "quality": quality,
        "embedding": tuple(float(value) for value in vector),
        "embedder": "sface@0",
    }
    return Face(**{**values, **changes})


def person(seed, count, first=0):
    """Faces of one made person, one a picture; two of them have a cosine of about 0.65."""
    centre = np.random.default_rng(seed).normal(size=128)
    centre /= np.linalg.norm(centre)
    faces = []
    for i in range(first, first + count):
        own = np.random.default_rng([seed, i]).normal(size=128)
        vector = np.sqrt(0.65) * centre + np.sqrt(0.35) * own / np.linalg.norm(own)
        faces.append(make_face(f"{seed}-{i}", vector / np.linalg.norm(vector), quality=0.5 + 0.01 * i))
    return faces


def by_face(identities):
    return {face_id: identity.identity_id for identity in identities for face_id in identity.face_ids}


def test_two_people_are_two_identities_with_all_their_faces():
    faces = person(1, 4) + person(2, 3)
    identities = identify(faces, [], CLUSTERING)
    assert {frozenset(identity.face_ids) for identity in identities} == {
        frozenset(face.face_id for face in faces[:4]),
        frozenset(face.face_id for face in faces[4:]),
    }


def test_faces_stand_best_first():
    (identity,) = identify(person(1, 4), [], CLUSTERING)
    assert identity.face_ids == ("1-3/0/0", "1-2/0/0", "1-1/0/0", "1-0/0/0")


def test_a_single_face_is_an_identity_of_its_own():
    (identity,) = identify(person(1, 1), [], CLUSTERING)
    assert identity.cohesion == pytest.approx(1.0, abs=1e-6)
    assert identity.margin == 2.0
    assert identity.name is None


def test_cohesion_and_margin_are_cosines_of_the_centroids():
    first, second = sorted(identify(person(1, 6) + person(2, 6), [], CLUSTERING), key=lambda i: i.face_ids)
    assert first.cohesion == pytest.approx(np.sqrt(0.65 + 0.35 / 6), abs=0.05)
    assert first.margin == pytest.approx(1 - np.dot(first.centroid, second.centroid))
    assert np.linalg.norm(first.centroid) == pytest.approx(1.0)


def test_no_face_is_no_identity():
    assert identify([], [], CLUSTERING) == []


def test_the_same_faces_again_are_the_same_identities():
    faces = person(1, 4) + person(2, 3) + person(3, 1)
    once = identify(faces, [], CLUSTERING)
    assert identify(faces, once, CLUSTERING) == once
    assert identify(faces[::-1], [], CLUSTERING) == once


def test_an_identity_keeps_its_id_and_name_when_better_pictures_come():
    (before,) = identify(person(1, 3), [], CLUSTERING)
    named = before.model_copy(update={"name": "Ada"})
    (after,) = identify(person(1, 6), [named], CLUSTERING)
    assert len(after.face_ids) == 6
    assert after.face_ids[0] != before.face_ids[0]
    assert (after.identity_id, after.name) == (before.identity_id, "Ada")


def test_an_identity_keeps_its_id_when_its_founding_picture_is_gone():
    faces = person(1, 5)
    (before,) = identify(faces, [], CLUSTERING)
    (after,) = identify(faces[:-1], [before], CLUSTERING)
    assert after.identity_id == before.identity_id


def test_when_two_become_one_the_larger_one_goes_on():
    faces = person(1, 6)
    whole = identify(faces, [], CLUSTERING)[0]
    large = whole.model_copy(update={"identity_id": "large", "face_ids": tuple(f.face_id for f in faces[:4])})
    small = whole.model_copy(update={"identity_id": "small", "face_ids": tuple(f.face_id for f in faces[4:])})
    (after,) = identify(faces, [small, large], CLUSTERING)
    assert after.identity_id == "large"


def test_when_one_becomes_two_the_larger_part_goes_on_and_no_id_is_given_twice():
    first, second = person(1, 4), person(2, 3)
    one = identify(first, [], CLUSTERING)[0]
    # The founding face of the old identity is now with the smaller part: its digest is taken.
    mixed = one.model_copy(update={"face_ids": tuple(face.face_id for face in second + first)})
    mixed = mixed.model_copy(update={"identity_id": identify(second, [], CLUSTERING)[0].identity_id})
    after = by_face(identify(first + second, [mixed], CLUSTERING))
    assert after[first[0].face_id] == mixed.identity_id
    assert after[second[0].face_id] != mixed.identity_id


def test_faces_of_two_embedders_are_not_compared():
    faces = person(1, 2)
    other = faces[1].model_copy(update={"embedder": "arcface@1"})
    with pytest.raises(ConfigError, match="arcface@1 and sface@0"):
        identify([faces[0], other], [], CLUSTERING)


def test_references_are_faces_of_the_identity_best_first():
    faces = person(1, 5) + person(2, 2)
    identities = identify(faces, [], CLUSTERING)
    sets = gather(identities, faces, ReferenceConfig(count=3))
    assert [reference.identity_id for reference in sets] == [identity.identity_id for identity in identities]
    for identity, references in zip(identities, sets, strict=True):
        assert references.choices[0].face_id == identity.face_ids[0]
        assert {choice.face_id for choice in references.choices} <= set(identity.face_ids)
        assert len(references.choices) == min(3, len(identity.face_ids))


def test_an_identity_of_bad_faces_has_an_empty_set():
    face = make_face("m", person(1, 1)[0].embedding, quality=0.1)
    (references,) = gather(identify([face], [], CLUSTERING), [face], ReferenceConfig())
    assert references.choices == ()


def on_track(film, track, vectors, seen, first=0):
    """Faces of one track that is seen in a span of seconds."""
    return [
        make_face(
            film, vector, index=f"{track}-{i}", track_id=f"{film}/0/t{track}", shot_id=f"{film}/0",
            pts_seconds=seen[0], seen_from_seconds=seen[0], seen_to_seconds=seen[1],
        )
        for i, vector in enumerate(vectors, first)
    ]  # fmt: skip


def vectors_of(seed, count):
    return [np.array(face.embedding) for face in person(seed, count)]


def test_a_track_is_one_person_whatever_its_faces_are_like():
    faces = on_track("film", 0, [vectors_of(1, 1)[0], vectors_of(2, 1)[0]], (0, 5))
    (identity,) = identify(faces, [], CLUSTERING)
    assert set(identity.face_ids) == {face.face_id for face in faces}


def test_tracks_that_are_seen_at_once_are_two_people_and_one_after_the_other_may_be_one():
    own = vectors_of(1, 4)
    first = on_track("film", 0, own[:2], (0, 5))
    at_once, later = on_track("film", 1, own[2:], (4, 9)), on_track("film", 1, own[2:], (6, 9))
    assert len(identify(first + at_once, [], CLUSTERING)) == 2
    assert len(identify(first + later, [], CLUSTERING)) == 1


def test_a_photo_and_a_film_show_the_same_person():
    own = vectors_of(1, 4)
    faces = [*on_track("film", 0, own[:2], (0, 5)), make_face("photo", own[2]), *person(2, 2)]
    identities = identify(faces, [], CLUSTERING)
    assert {frozenset(identity.face_ids) for identity in identities} >= {frozenset(face.face_id for face in faces[:3])}
