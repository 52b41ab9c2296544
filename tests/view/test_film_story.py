"""What the page tells of a film."""

import pytest
from f2s_catalog.records import Face

from f2s_ray.view.film_story import film_story
from f2s_ray.view.reading import read_tables
from tests.catalog.made import person


@pytest.fixture
def tables(archive):
    """Ann from 1 s to 9 s with short gaps, and again at 70 s; Ben all along."""
    media_id = archive.add_photo("film.jpg", face=False)
    spans = {"ann": [(1.0, 4.0), (4.5, 9.0), (70.0, 71.0)], "ben": [(0.0, 100.0)]}
    for name, own in spans.items():
        faces = [made_face(f"{name}{number}", media_id, span) for number, span in enumerate(own)]
        ids = tuple(face.face_id for face in faces)
        who = person(name, len(name), ids, name.title())
        archive.records += [*faces, who]
    return read_tables(archive.catalog(), 200)


def made_face(face_id, media_id, span) -> Face:
    return Face(
        face_id=face_id, shot_id=f"{media_id}/0", media_id=media_id, track_id=face_id, frame=0, pts_seconds=span[0],
        seen_from_seconds=span[0], seen_to_seconds=span[1], box_px=(0, 0, 1, 1), landmarks_px=(0.0,) * 10, score=1,
        face_px=1, sharpness=1, yaw_degrees=0, quality=1, embedding=(1.0,), embedder="e",
    )  # fmt: skip


def test_people_are_told_with_their_times_those_seen_longest_first(tables):
    (item,) = tables.media.values()
    story = film_story(tables, item, {"ann": "person-1"}, None)
    told = [(one.person, one.person_anchor, one.spans) for one in story.appearances]
    assert told == [("Ben", None, "0:00.0 to 1:40.0"), ("Ann", "person-1", "0:01.0 to 0:09.0, 1:10.0 to 1:11.0")]
