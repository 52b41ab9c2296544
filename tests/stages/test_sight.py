import pytest
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.records import Face, Identity, MediaItem, Sighting
from hypothesis import given, settings
from hypothesis import strategies as st

from f2s_ray.stages.sight import sight
from tests.catalog.made import face, person

KINDS = {"a.jpg": "photo", "b.jpg": "photo", "c.mkv": "film"}


def medium(path, kind) -> MediaItem:
    return MediaItem(
        media_id=f"id of {path}", path=path, content_digest=path, byte_count=1, modified_ns=0, kind=kind, format="JPEG",
        width_px=9, height_px=9, orientation=1, page_count=1, bit_depth=8, colour="rgb", has_alpha=False, has_icc=False,
        has_exif=False, has_xmp=False, has_iptc=False, captured_at=None, camera=None, film=None,
    )  # fmt: skip


def seen(tracks) -> list[Sighting]:
    """The rows of tracks: (person, path, begin)."""
    faces, own = [], {}
    for number, (who, path, begin) in enumerate(tracks):
        face_id, film = f"{number:03}", KINDS[path] == "film"
        changes = {"face_id": face_id, "media_id": f"id of {path}", "track_id": f"t{number}" if film else None}
        times = {"seen_from_seconds": begin if film else 0, "seen_to_seconds": begin + 1 if film else 0}
        faces.append(face(0).model_copy(update={**changes, **times}))
        own.setdefault(who, []).append(face_id)
    people = [
        person(who, number, ids).model_copy(update={"centroid": (0.0, 1.0)})
        for number, (who, ids) in enumerate(own.items())
    ]
    media = [medium(path, kind) for path, kind in KINDS.items()]
    tables = (to_table(Identity, people), to_table(Face, faces), to_table(MediaItem, media))
    return from_table(Sighting, sight(*tables))


TRACKS = st.lists(st.tuples(st.sampled_from("WXYZ"), st.sampled_from(sorted(KINDS)), st.integers(0, 3)), max_size=12)


@settings(deadline=None, max_examples=60)
@given(TRACKS)
def test_each_file_of_a_person_has_one_first_row_which_names_all_by_when_they_come(tracks):
    rows = seen(tracks)
    begins = {}
    for row in rows:
        own = begins.setdefault(row.path, {})
        own[row.identity_id] = min(row.seen_from_seconds, own.get(row.identity_id, row.seen_from_seconds))
    opening = [row for row in rows if row.is_first]
    pairs = [(row.identity_id, row.path) for row in opening]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(row.identity_id, row.path) for row in rows} == {(who, path) for who, path, _ in tracks}
    for row in opening:
        assert list(row.company) == sorted(begins[row.path], key=lambda who: (begins[row.path][who], who))
    assert all(row.company == () for row in rows if not row.is_first)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_alone(count):
    assert [row.company for row in seen([("W", "a.jpg", 0)] * count)] == [("W",)] * count
