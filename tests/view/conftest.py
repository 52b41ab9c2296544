"""A small made archive, restored: the public-domain astronaut as the person, hostile names, a failure."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import (
    TABLES,
    Attempt,
    CodeEstimate,
    DegradationCode,
    Face,
    FaceGate,
    Identity,
    MediaItem,
    QualityReport,
    Record,
    ReferenceChoice,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Sighting,
    Source,
)
from PIL import Image, ImageFilter
from skimage import data

from f2s_ray.stages.sight import sight
from tests.catalog.made import person
from tests.media.film.films import make_film, numbered
from tests.stages.films import probed

HOSTILE = "<script>alert('x')</script>\u202egpj.\"&'.jpg"
FACE_BOX = (177.0, 67.0, 272.0, 192.0)


@dataclass
class Archive:
    """A catalog in the making: what steps leave of each file, what reductions leave, and the attempts at both."""

    input_root: Path
    output: Path
    records: list[Record] = field(default_factory=list)
    ledger: list[Attempt] = field(default_factory=list)

    def made(self, record_type):
        return [record for record in self.records if type(record) is record_type]

    def catalog(self):
        """The catalog of OUTPUT, after these records were committed as another run would."""
        catalog = Catalog(self.output)
        whole = [record for record in self.records if record.MADE == "whole"]
        outcomes = [Outcome(attempt, self._made_at(attempt)) for attempt in self.ledger]
        catalog.commit(TABLES, [*outcomes, Outcome(attempt("", "done", item_id="*"), (*whole, *self._sightings()))])
        return catalog

    def _made_at(self, attempt):
        """What the attempt at a file left: all that is of its medium."""
        ids = {item.media_id for item in self.made(MediaItem) if item.path == attempt.path}
        made = [record for record in self.records if record.MADE == "item" and _medium(record) in ids]
        return tuple(made) if attempt.status == "done" else ()

    def _sightings(self):
        listed = {source.path for source in self.made(Source)}
        media = [item for item in self.made(MediaItem) if item.path in listed]
        people, faces = to_table(Identity, self.made(Identity)), to_table(Face, self.made(Face))
        return from_table(Sighting, sight(people, faces, to_table(MediaItem, media)))

    def add_attempt(self, path, status, **more):
        self.ledger.append(attempt(path, status, **more))

    def add_source(self, path):
        self.records.append(Source(path=path, byte_count=1, modified_ns=0, trouble=None))

    def add_photo(self, path, *, origin="face", lender=None, face=True, decision="restored", reference=True):
        """A damaged source, its restored twin, and all rows about them; returns the media_id."""
        number = len(self.made(MediaItem))
        media_id, shot_id, face_id, task_id = f"m{number}", f"m{number}/0", f"m{number}/0/0", f"t{number}"
        sharp = Image.fromarray(data.astronaut() if face else np.ascontiguousarray(data.astronaut()[300:, :160]))
        source, result = self.input_root / path, self.output / "restored" / path
        for target, image in ((source, damaged(sharp)), (result, sharp)):
            target.parent.mkdir(parents=True, exist_ok=True)
            image.save(target, "JPEG", quality=90)
        blind = origin == "blind"
        numbers = {
            "blur_sigma_px": None if blind else 1.1,
            "noise_sigma": None if blind else 0.04,
            "jpeg_quality": None if blind else 35.0,
            "downscale": None if blind else 1.0,
            "agreement": None if blind else 1.0,
            "regions": (),
            "changes": (),
        }
        references = ("m0/0/0",) if face and reference else ()
        gate = FaceGate(
            face_id=face_id, identity_id="ann" if face else None, reference_face_ids=references, decision=decision,
            weight={"restored": 1.0, "blended": 0.4, "kept": 0.0}[decision], similarity_before=0.41,
            similarity_after=0.58, other_before=0.22, other_after=0.19, self_similarity=0.83,
            reason="closer to the person than before",
        )  # fmt: skip
        self.records += [
            MediaItem(
                media_id=media_id, path=path, content_digest="c", byte_count=source.stat().st_size, modified_ns=0,
                kind="photo", format="JPEG", width_px=sharp.width, height_px=sharp.height, orientation=1, page_count=1,
                bit_depth=8, colour="rgb", has_alpha=False, has_icc=False, has_exif=True, has_xmp=False,
                has_iptc=False, captured_at="1984-02-07T12:00:00", camera="Hasselblad 500", film=None,
            ),
            Shot(
                shot_id=shot_id, media_id=media_id, start_seconds=0, stop_seconds=0, first_frame=0, stop_frame=1,
                cut_score=1,
            ),
            CodeEstimate(
                shot_id=shot_id, code=(), signature=(), **numbers, face_ids=(), noise_measured=0.012,
                sharpness_measured=0.4, blockiness_measured=0.1, estimator="fadex@0123456789abcdef",
            ),
            DegradationCode(
                shot_id=shot_id, origin=origin, lender_shot_id=lender, why=f"why it is {origin}", code=(),
                signature=(), **numbers, estimator="fadex@0123456789abcdef",
            ),
            RestoreTask(
                task_id=task_id, shot_id=shot_id, media_id=media_id, path=path, first_frame=0, stop_frame=1,
                code_origin=origin, faces=(),
                restorer="r", tile_px=512, overlap_px=64, seed=1, megapixels=0.26, expected_seconds=1,
                risk="faces are small" if decision == "kept" else "", planned_on="2026-01-01",
            ),
            RestoredSegment(
                task_id=task_id, shot_id=shot_id, media_id=media_id, path="aside", digest="d", byte_count=1,
                first_frame=0, frame_count=1, carried_over=(), changed=(), faces=(), gates=(gate,) if face else (), seconds=2.0,
                model_seconds=1.0, peak_memory_bytes=1,
            ),
            RestoredMedia(
                media_id=media_id, task_id=task_id, path=f"restored/{path}", digest="d", byte_count=1,
                source_digest="c", models=("scene@0123456789abcdef",), carried_over=("exif", "icc"),
                changed=("thumbnail renewed: the old one shows the old picture",), faces=(), names_digest="",
            ),
            QualityReport(
                media_id=media_id, task_id=task_id, noise_before=0.041, noise_after=0.012, sharpness_before=0.3,
                sharpness_after=0.55, blockiness_before=0.2, blockiness_after=0.05, change_rms=0.04,
                identity_before=0.41 if face else None, identity_after=0.58 if face else None,
            ),
        ]  # fmt: skip
        if face:
            self.records.append(
                Face(
                    face_id=face_id, shot_id=shot_id, media_id=media_id, track_id=None,
                    frame=0, pts_seconds=0, seen_from_seconds=0, seen_to_seconds=0,
                    box_px=FACE_BOX, landmarks_px=(0.0,) * 10, score=0.9, face_px=95, sharpness=0.6, yaw_degrees=5,
                    quality=0.7, embedding=(1.0,), embedder="sface@0ba9fbfa01b5270c",
                )
            )  # fmt: skip
        self.add_source(path)
        self.add_attempt(path, "done")
        return media_id

    def add_film(self, path, *, count=12, seen=(), shots=None, rate=25, **film):
        """A film of numbered frames, its brightened twin, and the rows about them; ``seen`` holds spans in seconds."""
        source, result = self.input_root / path, self.output / "restored" / path
        for target, show in ((source, numbered), (result, brightened)):
            target.parent.mkdir(parents=True, exist_ok=True)
            make_film(target, count=count, show=show, rate=Fraction(rate), options={"crf": "8"}, **film)
        item = probed(self.input_root, path)
        bounds = shots or ((0, count),)
        made = [
            Shot(
                shot_id=f"{item.media_id}/{number}", media_id=item.media_id, start_seconds=first / rate,
                stop_seconds=stop / rate, first_frame=first, stop_frame=stop, cut_score=1,
            )
            for number, (first, stop) in enumerate(bounds)
        ]  # fmt: skip
        faces = [
            face_of(
                next(shot for shot in made if shot.stop_seconds > begin), f"{item.media_id}/f{n}", (begin, end), rate
            )
            for n, (begin, end) in enumerate(seen)
        ]
        restored = RestoredMedia(
            media_id=item.media_id, task_id=f"task of {path}", path=f"restored/{path}", digest="d", byte_count=1,
            source_digest=item.content_digest, models=(), carried_over=(), changed=(), names_digest="", faces=(),
        )  # fmt: skip
        self.records += [item, *made, *faces, restored]
        self.add_source(path)
        self.add_attempt(path, "done")
        return item

    def add_person(self, name=None):
        """One identity, ann, of all faces; the first face is its reference."""
        face_ids = tuple(face.face_id for face in self.made(Face))
        self.records += [
            person("ann", 1, face_ids, name).model_copy(update={"cohesion": 0.71, "margin": 0.55}),
            ReferenceSet(
                identity_id="ann",
                choices=(
                    ReferenceChoice(
                        face_id=face_ids[0], quality=0.7, sharpness=0.6, yaw_degrees=5, face_px=95, why="sharpest"
                    ),
                ),
            ),
        ]


def attempt(path, status, *, item_id=None, kind=None, message=None, step="probe"):
    return Attempt(
        step=step, item_id=item_id or path, fingerprint="f", path=path, status=status, error_kind=kind,
        message=message, number=1, run_id="run", elapsed_seconds=1.5 if path else 0.0,
    )  # fmt: skip


def _medium(record):
    """Of what a record speaks."""
    return record.media_id if "media_id" in type(record).model_fields else record.shot_id.rpartition("/")[0]


def face_of(shot, face_id, span, rate):
    """A face that its track shows from and to these seconds."""
    return Face(
        face_id=face_id, shot_id=shot.shot_id, media_id=shot.media_id, track_id=face_id, frame=round(span[0] * rate),
        pts_seconds=span[0], seen_from_seconds=span[0], seen_to_seconds=span[1], box_px=(10.0, 10.0, 40.0, 40.0),
        landmarks_px=(0.0,) * 10, score=0.9, face_px=30, sharpness=0.6, yaw_degrees=5, quality=0.7, embedding=(1.0,),
        embedder="sface@0ba9fbfa01b5270c",
    )  # fmt: skip


def brightened(number, width, height):
    """What stands for a restored frame."""
    return (numbered(number, width, height) * 0.7 + 60).astype(np.uint8)


def damaged(image):
    """Blur and noise with a fixed seed."""
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)), dtype=np.float64)
    noisy = pixels + np.random.default_rng(1).normal(0, 12, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@pytest.fixture
def archive(tmp_path):
    made = Archive(tmp_path / "in", tmp_path / "out")
    made.input_root.mkdir()
    return made


@pytest.fixture
def full(archive):
    """Two pictures of Ann, one with a hostile name, a blind landscape, one borrowed, a failure and a skipped file."""
    archive.add_photo("1984/astronaut.jpg")
    archive.add_photo(HOSTILE, decision="blended")
    archive.add_photo("roll 2/kept.jpg", decision="kept", reference=False)
    archive.add_photo("roll 2/landscape.jpg", origin="blind", face=False)
    archive.add_photo("roll 2/later.jpg", origin="borrowed", lender="m0/0", face=False)
    archive.add_person(name="Ann <b>& Ben</b>")
    archive.add_source("broken.jpg")
    archive.add_attempt(
        "broken.jpg", "failed", kind="truncated", message="broken.jpg ends after 31 of 4,020 bytes; copy it again"
    )
    archive.add_source("notes.txt")
    archive.add_attempt("notes.txt", "skipped", kind="not_media", message="notes.txt is not a picture")
    return archive
