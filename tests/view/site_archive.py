"""An archive of drawn pictures with made people in it, and a viewer that serves it on a free port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import uvicorn
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import (
    TABLES,
    DegradationCode,
    FaceGate,
    MediaItem,
    RestoredMedia,
    RestoredSegment,
    Shot,
    TrackGate,
)
from PIL import Image, ImageDraw

from f2s_ray.flows.people import People
from f2s_ray.view.site.app import make_site
from f2s_ray.view.site.security import Guard
from tests.catalog.made import attempt_of, outcome, source
from tests.flows.said_archive import ANN, BEN, BOTH, CID, FILM, medium
from tests.media.film.films import make_film
from tests.stages.films import probed

HOSTILE = "<script>alert(1)</script>\u202egpj.jpg"


def draw(path: Path, shade: int) -> None:
    """A face in front of a wall."""
    image = Image.new("RGB", (800, 600), (shade, 120, 160))
    pen = ImageDraw.Draw(image)
    for x, y in ((50, 60), (450, 60)):
        pen.ellipse((x - 40, y - 50, x + 40, y + 50), fill=(230, 190, 160))
        pen.ellipse((x - 20, y - 15, x - 10, y - 5), fill=(30, 30, 30))
        pen.ellipse((x + 10, y - 15, x + 20, y - 5), fill=(30, 30, 30))
        pen.arc((x - 20, y, x + 20, y + 30), 20, 160, fill=(120, 30, 30), width=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG")


def make_archive(root: Path) -> tuple[Path, Path]:
    """INPUT and OUTPUT: four pictures of Ann, one of them with Ben, three of Ben, two of Cid, and a film of Ann and Ben.

    One picture has a hostile name. The first one was restored with a reference, and the film, too. One file failed.
    """
    photos, output = root / "photos", root / "restored"
    faces = (*ANN, *BEN, *CID, BOTH[1], *FILM)
    items = []
    for number, media_id in enumerate(dict.fromkeys(face.media_id for face in faces if face.media_id != "film")):
        path = HOSTILE if number == 1 else f"albums/{media_id}.jpg"
        item = medium(media_id, path=path)
        draw(photos / path, 60 + 15 * number)
        draw(output / f"restored/{media_id}.jpg", 250)
        size, year = (photos / path).stat().st_size, f"{1990 + number}-05-06T07:08:09"
        items.append(item.model_copy(update={"byte_count": size, "captured_at": year}))
    for path in (photos / "film.mkv", output / "restored/film.mkv"):
        path.parent.mkdir(parents=True, exist_ok=True)
        make_film(path, count=100, size=(320, 240), rate=Fraction(10))
    items.append(probed(photos, "film.mkv").model_copy(update={"media_id": "film"}))
    catalog = Catalog(output)
    listed = [*(source(item.path) for item in items), source("broken.jpg")]
    catalog.commit(TABLES, [outcome("*", *listed, step="list")])
    catalog.commit(TABLES, [made(item, faces) for item in items])
    catalog.commit(TABLES, [outcome("*", *(damage(item) for item in items), step="borrow")])
    broken = attempt_of("x", status="failed", kind="truncated").model_copy(
        update={"path": "broken.jpg", "message": "broken.jpg ends after 31 bytes; copy it again"}
    )
    catalog.commit(TABLES, [Outcome(broken, ())])
    People(output, "tester").settle()
    return photos, output


def made(item: MediaItem, faces):
    """All rows of a picture or film; its result is lighter."""
    own = [face for face in faces if face.media_id == item.media_id]
    shot_id, stop = f"{item.media_id}/0", (10.0 if item.film else 0.0)
    result = RestoredMedia(
        media_id=item.media_id, task_id=f"t{item.media_id}", path=f"restored/{item.media_id}.{'mkv' if item.film else 'jpg'}",
        digest="d" * 64, byte_count=1, source_digest="s", models=("made@0",), carried_over=("exif",),
        changed=("thumbnail renewed",), names_digest="", faces=(),
    )  # fmt: skip
    shot = Shot(
        shot_id=shot_id, media_id=item.media_id, start_seconds=0, stop_seconds=stop, first_frame=0,
        stop_frame=100 if item.film else 1, cut_score=1,
    )  # fmt: skip
    segment = RestoredSegment(
        task_id=f"t{item.media_id}", shot_id=shot_id, media_id=item.media_id, path="aside", digest="d", byte_count=1,
        first_frame=0, frame_count=1, carried_over=(), changed=(), faces=(), seconds=1, model_seconds=1,
        peak_memory_bytes=1, gates=() if item.film else tuple(map(gate, own)),
    )  # fmt: skip
    gates = []
    for face in own if item.film else ():
        gates.append(
            TrackGate(
                track_id=face.track_id, shot_id=shot_id, media_id="film", face_ids=(face.face_id,), version="whole",
                gate=gate(face),
            )
        )  # fmt: skip
    kept = {one.track_id: one for one in gates}.values()
    return outcome(item.path, item, result, shot, segment, *kept, *own, step="index")


def gate(face) -> FaceGate:
    """A restored face of Ann has another of hers as its reference."""
    is_ann = face.face_id.startswith("1-") or face.track_id == "film/0/t0"
    return FaceGate(
        face_id=face.face_id, identity_id=None, reference_face_ids=(ANN[3].face_id,) if is_ann else (),
        decision="blended" if is_ann else "kept", weight=0.4 if is_ann else 0, similarity_before=0.41,
        similarity_after=0.58, other_before=0.22, other_after=0.19, self_similarity=0.83,
        reason="closer to the person than before",
    )  # fmt: skip


def damage(item: MediaItem) -> DegradationCode:
    """Noise, and a blur that the faces told."""
    return DegradationCode(
        shot_id=f"{item.media_id}/0", origin="face", lender_shot_id=None, why="read from 2 faces", code=(), signature=(),
        blur_sigma_px=1.1, noise_sigma=0.04, jpeg_quality=35, downscale=1, agreement=0.9, regions=(), changes=(),
        estimator="made@0",
    )  # fmt: skip


@contextmanager
def served(photos: Path, output: Path, host: str = "127.0.0.1") -> Iterator[tuple[str, Guard]]:
    """The viewer's address and its guard."""
    guard = Guard(host)
    server = uvicorn.Server(
        uvicorn.Config(make_site(output, photos, guard), host="127.0.0.1", port=0, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the viewer did not start"
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", guard
    finally:
        server.should_exit = True
        thread.join(20)
