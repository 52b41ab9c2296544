"""Known small archives, and who and what a question finds in them."""

import random
import time
from pathlib import Path

import pytest
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.find import find
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, DegradationCode, FaceGate, Identity, MediaItem, Shot, TrackGate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.catalog.made import face, outcome, shot, source

ANN, BEN, CID, NOBODY = "a" * 32, "b" * 32, "c" * 32, "d" * 32


class Archive:
    """Records that are put down in words, and committed at once."""

    def __init__(self, root: Path) -> None:
        self.root, self.records, self.faces = root, [], {}

    def media(self, path, *, kind="photo", taken=None, is_listed=True, noise=None) -> str:
        media_id = f"m{len(self.records)}"
        self.records.append(
            MediaItem(
                media_id=media_id, path=path, content_digest="c", byte_count=1, modified_ns=0, kind=kind, format="JPEG",
                width_px=9, height_px=9, orientation=1, page_count=1, bit_depth=8, colour="rgb", has_alpha=False,
                has_icc=False, has_exif=False, has_xmp=False, has_iptc=False, captured_at=taken, camera=None, film=None,
            )
        )  # fmt: skip
        self.records += [source(path)] if is_listed else []
        for index, sigma in enumerate(noise or [None]):
            self.add_shot(f"{media_id}/{index}", media_id, sigma)
        return media_id

    def add_shot(self, shot_id, media_id, sigma) -> None:
        numbers = dict.fromkeys(["blur_sigma_px", "jpeg_quality", "downscale", "agreement"], None if sigma is None else 2)
        self.records += [
            Shot.model_validate({**shot(0).model_dump(), "shot_id": shot_id, "media_id": media_id}),
            DegradationCode(
                shot_id=shot_id, origin="blind" if sigma is None else "face", lender_shot_id=None, why="", code=(),
                signature=(), noise_sigma=sigma, regions=(), changes=(), estimator="e", **numbers,
            ),
        ]  # fmt: skip

    def seen(self, identity_id, media_id, *spans, frames=1) -> None:
        """A face of a photo, or a track of a film for each span, known by several frames."""
        for begin, end in spans or [(0, 0)]:
            number = sum(map(len, self.faces.values()))
            track = f"{media_id}/0/t{number}" if spans else None
            for frame in range(frames):
                own = {"face_id": f"{media_id}/0/{number + frame}", "shot_id": f"{media_id}/0", "media_id": media_id}
                span = {"track_id": track, "frame": frame, "seen_from_seconds": begin, "seen_to_seconds": end}
                self.records.append(face(0).model_copy(update={**own, **span}))
                self.faces.setdefault(identity_id, []).append(own["face_id"])

    def commit(self, **names) -> None:
        for identity_id, face_ids in self.faces.items():
            name = {ANN: "Ann", BEN: "Ben", CID: "Cid"} | names
            self.records.append(
                Identity(
                    identity_id=identity_id, face_ids=tuple(face_ids), centroid=(1.0,), cohesion=1, margin=1,
                    name=name.get(identity_id),
                )
            )  # fmt: skip
        Catalog(self.root).commit(TABLES, [outcome("*", *self.records)])

    def paths(self, text) -> list[str]:
        return [found.path for found in find(self.root, text)]


@pytest.fixture
def photos(tmp_path):
    """Ann alone, Ann and Ben, all three, somebody without a name, an empty street."""
    archive = Archive(tmp_path)
    people = {
        "1994/Ann.jpg": [ANN],
        "1994/both.jpg": [ANN, BEN],
        "1994/summer/all.jpg": [ANN, BEN, CID],
        "2001/nobody.jpg": [NOBODY],
        "2001/100% street_\\'x.jpg": [],
    }
    years = ["1994-07-01T10:00:00", "1994-12-31T23:59:59", "1999-01-01T00:00:00", None, "not a time"]
    noise = [0.02, 0.05, 0.08, None, 0.0]
    for (path, seen), taken, sigma in zip(people.items(), years, noise, strict=True):
        media_id = archive.media(path, taken=taken, noise=None if sigma is None else [sigma])
        for identity_id in seen:
            archive.seen(identity_id, media_id)
    archive.seen(ANN, archive.media("1994/gone.jpg", is_listed=False))
    archive.commit()
    return archive


@pytest.fixture
def films(tmp_path):
    """Both at once for a while; both one after the other; Ann at a photo."""
    archive = Archive(tmp_path)
    party = archive.media("party.mp4", kind="film", noise=[0.02, 0.09])
    archive.seen(ANN, party, (3.2, 5.0), (5.5, 7.9), (20.0, 21.0), frames=3)
    archive.seen(BEN, party, (4.0, 6.0), (7.0, 9.0), (30.0, 30.0), frames=2)
    talk = archive.media("talk.mp4", kind="film")
    archive.seen(ANN, talk, (0.0, 1.0), (1.9, 3.0))
    archive.seen(BEN, talk, (1.2, 1.8))
    archive.seen(CID, talk, (3700.0, 3701.0))
    archive.seen(ANN, archive.media("ann.jpg"))
    archive.commit()
    return archive


STREET = "2001/100% street_\\'x.jpg"
ALL = ["1994/Ann.jpg", "1994/both.jpg", "1994/summer/all.jpg", STREET, "2001/nobody.jpg"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("person:Ann", [0, 1, 2]),
        ("person:aNN", [0, 1, 2]),
        ("person:aaaaaa", [0, 1, 2]),
        ('person:"Person 4"', [4]),
        ("person:Cid|Ben", [1, 2]),
        ('person:"Ann & Ben"', [1, 2]),
        ('person:"Ann & Cid"|"Person 4"', [2, 4]),
        ('person:"Ann & Ben & Cid"', [2]),
        ("person:Ann person:Cid", [2]),
        ("person:Ann -person:Cid", [0, 1]),
        ("-person:Ann", [3, 4]),
        ('-person:"Ben & Cid"', [0, 1, 3, 4]),
        ("only:Ann", [0]),
        ('only:Ann|"Person 4"', [0, 4]),
        ('only:"Ann & Ben"', [1]),
        ("-only:Ann", [1, 2, 3, 4]),
        ("faces:>=2", [1, 2]),
        ("faces:0", [3]),
        ("faces:<2", [0, 3, 4]),
        ("faces:1..2", [0, 1, 4]),
        ("faces:=3", [2]),
        ("noise:>0.05", [2]),
        ("noise:>=0.05", [1, 2]),
        ("noise:..0.02", [0, 3]),
        ("-noise:>0.01", [3, 4]),
        ("blur:2 jpeg:1..3 downscale:<=2", [0, 1, 2, 3]),
        ("year:1994", [0, 1]),
        ("year:1990..1999", [0, 1, 2]),
        ("-year:1900..", [3, 4]),
        ("folder:1994", [0, 1, 2]),
        ("folder:./1994/summer/", [2]),
        ("-folder:1994/summer", [0, 1, 3, 4]),
        ("kind:photo", [0, 1, 2, 3, 4]),
        ("kind:film", []),
        ("ANN.JPG", [0]),
        ("both", [1]),
        ("-both -all", [0, 3, 4]),
        ("1994/ summer", [2]),
        ("person:Ann faces:>=2 noise:<0.06 year:1994 both", [1]),
    ],
)
def test_a_question_finds_what_is_known_to_be_there(photos, text, numbers):
    assert photos.paths(text) == [ALL[number] for number in numbers]
