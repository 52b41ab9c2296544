"""A catalog with photos and a film of made people, settled, and what can be read of it."""

from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, FilmFacts, Identity, MediaItem, Sighting

from f2s_ray.flows.people import People
from tests.catalog.made import outcome, source
from tests.stages.people_said import on_track, person, vectors_of

ANN, BEN, CID = person(1, 4), person(2, 3), person(3, 2)
BOTH = [ANN[0], *person(2, 1, first=9, at=(450, 60))]
"""The photo of the first Ann shows a Ben, too."""
BOTH[1] = BOTH[1].model_copy(
    update={"media_id": ANN[0].media_id, "shot_id": ANN[0].shot_id, "face_id": f"{ANN[0].shot_id}/0.450x60x100"}
)
FILM = on_track("film", 0, vectors_of(1, 6)[4:], (1.0, 3.5)) + on_track("film", 1, vectors_of(2, 5)[3:], (2.0, 9.0))


def medium(media_id, *, path=None, is_film=False):
    facts = FilmFacts(
        container="matroska", codec="ffv1", pixel_format="yuv420p", frame_count=100, hidden_frame_count=0,
        start_seconds=0, duration_seconds=10, frame_rate="10/1", is_variable=False, sample_aspect="1/1",
        rotation_degrees=0, is_mirrored=False, colour_tags="2/2/2/0", scan="progressive", timecode=None,
        streams=(), chapter_count=0, attachment_count=0, damage=None,
    )  # fmt: skip
    return MediaItem(
        media_id=media_id, path=path or f"{media_id}.jpg", content_digest=f"bytes of {media_id}", byte_count=1,
        modified_ns=1, kind="film" if is_film else "photo", format="FILM" if is_film else "JPEG", width_px=800,
        height_px=600, orientation=1, page_count=1, bit_depth=8, colour="rgb", has_alpha=False, has_icc=False,
        has_exif=False, has_xmp=False, has_iptc=False, captured_at=None, camera=None,
        film=facts if is_film else None,
    )  # fmt: skip


def indexed(root, faces, number=1):
    """A catalog that lists what these faces are in."""
    catalog = Catalog(root)
    media = [
        medium(media_id, path="film.mkv" if media_id == "film" else None, is_film=media_id == "film")
        for media_id in dict.fromkeys(face.media_id for face in faces)
    ]
    listing = [source(item.path) for item in media]
    catalog.commit(TABLES, [outcome("*", *listing, step="list", number=number, fingerprint=f"f{number}")])
    made = [
        outcome(
            item.path,
            item,
            *(face for face in faces if face.media_id == item.media_id),
            step="index",
            number=number,
            path=item.path,
        )
        for item in media
    ]
    catalog.commit(TABLES, made)
    return catalog


def settled(root, faces=(*ANN, *BEN, *CID, BOTH[1], *FILM), number=1) -> People:
    indexed(root, faces, number)
    people = People(root, "tester")
    people.settle()
    return people


def who(root, face):
    """The identity that a face is of."""
    return next(one for one in Catalog(root).rows(Identity) if face.face_id in one.face_ids)


def sightings(root):
    return Catalog(root).rows(Sighting)
