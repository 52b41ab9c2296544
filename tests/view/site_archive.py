"""An archive of drawn pictures with made people in it, and a viewer that serves it on a free port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, MediaItem, RestoredMedia
from PIL import Image, ImageDraw

from f2s_ray.flows.people import People
from f2s_ray.view.site.app import make_site
from f2s_ray.view.site.security import Guard
from tests.catalog.made import outcome, source
from tests.flows.said_archive import ANN, BEN, BOTH, CID, medium

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
    """INPUT and OUTPUT: four pictures of Ann, one of them with Ben, three of Ben, two of Cid; one has a hostile name."""
    photos, output = root / "photos", root / "restored"
    faces = (*ANN, *BEN, *CID, BOTH[1])
    items = []
    for number, media_id in enumerate(dict.fromkeys(face.media_id for face in faces)):
        path = HOSTILE if number == 1 else f"albums/{media_id}.jpg"
        item = medium(media_id, path=path)
        draw(photos / path, 60 + 15 * number)
        size, year = (photos / path).stat().st_size, f"{1990 + number}-05-06T07:08:09"
        items.append(item.model_copy(update={"byte_count": size, "captured_at": year}))
    catalog = Catalog(output)
    catalog.commit(TABLES, [outcome("*", *(source(item.path) for item in items), step="list")])
    catalog.commit(TABLES, [made(item, faces, output) for item in items])
    People(output, "tester").settle()
    return photos, output


def made(item: MediaItem, faces, output: Path):
    """All rows of a picture; its result is lighter."""
    path = f"restored/{item.media_id}.jpg"
    draw(output / path, 250)
    result = RestoredMedia(
        media_id=item.media_id, task_id="t", path=path, digest="d" * 64, byte_count=1, source_digest="s", models=("made@0",),
        carried_over=("exif",), changed=(), names_digest="", faces=(),
    )  # fmt: skip
    return outcome(item.path, item, result, *(face for face in faces if face.media_id == item.media_id), step="index")


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
