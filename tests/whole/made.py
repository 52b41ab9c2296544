"""A small archive of real and made pictures and of all the trouble a folder can hold; and how the tests run ``f2s``."""

import contextlib
import hashlib
import io
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place
from f2s_catalog.records import TABLES
from PIL import Image

from f2s_ray.cli.app import run
from tests.media.film.films import make_film
from tests.media.samples import SAMPLES, saved, tagged
from tests.stages.films import SIZE, pan, still_life

LONG = "a name of two hundred characters " * 6 + ".png"
COMPOSED, DECOMPOSED = "names/caf\u00e9.png", "names/cafe\u0301.png"
SAMPLED = {
    "scans/grey16.png": "grey16.png",
    "scans/pages.tif": "pages.tif",
    "scans/ink.jpg": "cmyk.jpg",
    "scans/grey.jpg": "grey.jpg",
    "scans/alpha.png": "rgba8.png",
    "folder.jpg/inside.png": "rgb8.png",
    'names/it\'s "quoted" & spaced .jpg': "rgb.jpg",
    "names/two\nlines.png": "rgb8.png",
    COMPOSED: "grey8.png",
    DECOMPOSED: "rgb16.png",
    f"names/{LONG}": "rgb8.png",
}
"""Path in the archive to the made picture that it is."""
PEOPLE = ("launch/portrait.jpg", "launch/turned.jpg", "friends.jpg")
FILM = "reels/street.mkv"
FILM_SHOTS = (20, 12)
PHOTOS = (*SAMPLED, *PEOPLE)
GOOD = (*PHOTOS, FILM)
TROUBLE = {
    "broken.jpg": ("detect", "broken"),
    "truncated.jpg": ("detect", "truncated"),
    "empty.jpg": ("probe", "empty"),
    "page.jpg": ("probe", "broken"),
    "link.jpg": ("probe", "link"),
    "pipe.jpg": ("probe", "special"),
    "folder.jpg": ("probe", "directory"),
    "unreadable\\xff.jpg": ("probe", "name"),
    "reels/torn.mp4": ("probe", "truncated"),
    "notes.txt": ("probe", "not_media"),
}
"""Path in the catalog to the step that says why it is not restored, and the kind."""
NEVER_THE_SAME = frozenset(
    {"elapsed_seconds", "seconds", "model_seconds", "peak_memory_bytes", "run_id", "number", "planned_on"}
)


@dataclass(frozen=True)
class Ended:
    """What a command left on the terminal."""

    code: int
    out: str
    err: str


def f2s(*words: object) -> Ended:
    """Run a command in this process, as in a pipe."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(word) for word in words])
    return Ended(code, out.getvalue(), err.getvalue())


def make_archive(root: Path) -> Path:
    """The same names, bytes and times at each call."""
    for path, sample in SAMPLED.items():
        _write(root / path, SAMPLES[sample]())
    portrait = _shipped("skimage", "data/astronaut.png")
    _write(root / PEOPLE[0], tagged(saved(portrait.resize((400, 400)), "JPEG", quality=95)))
    turned = portrait.crop((80, 0, 368, 288)).transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((240, 240))
    turned = turned.transpose(Image.Transpose.ROTATE_90)
    _write(root / PEOPLE[1], tagged(saved(turned, "JPEG", quality=40), thumbnail=True, Orientation="6"))
    friends = _shipped("insightface", "data/images/t1.jpg")
    _write(root / PEOPLE[2], saved(friends.resize((400, 277)), "JPEG", quality=90))
    _make_film(root / FILM)
    _make_trouble(root)
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, ns=(10**18, 10**18 + number * 10**9), follow_symlinks=False)
    return root


def _make_film(path: Path) -> None:
    """Two shots, people in the first; with a sound, a subtitle and a chapter."""
    frames = [*pan(FILM_SHOTS[0]), *still_life(FILM_SHOTS[1])]
    path.parent.mkdir(parents=True, exist_ok=True)
    make_film(
        path,
        count=len(frames),
        show=lambda number, *_: frames[number],
        size=SIZE,
        sounds=[("aac", "stereo")],
        subtitles=["ger"],
        chapters=["the street"],
        tags={"title": "Street"},
    )


def _make_trouble(root: Path) -> None:
    whole = SAMPLES["rgb.jpg"]()
    middle = whole.rindex(b"\xff\xda") + 200
    _write(root / "broken.jpg", whole[:middle] + b"\xff\xc4\x00\x05" + whole[middle + 4 :])
    _write(root / "truncated.jpg", whole[:middle])
    _write(root / "empty.jpg", b"")
    _write(root / "page.jpg", b"<html><body>404 not found</body></html>")
    _write(root / "reels/torn.mp4", b"\0\0\0\x18ftypisom" + bytes(400))
    _write(root / "notes.txt", b"summer 1994")
    (root / "link.jpg").symlink_to(root / PEOPLE[0])
    os.mkfifo(root / "pipe.jpg")
    Path(os.fsdecode(os.fsencode(root) + b"/unreadable\xff.jpg")).write_bytes(whole)


def _shipped(package: str, path: str) -> Image.Image:
    """A picture that an installed package ships."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Image.open(Path(spec.origin).parent / path).convert("RGB")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def files(root: Path) -> dict[str, tuple[str, int]]:
    """Path below root to digest and time of the last change, of all that are files."""
    return {
        str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def rows(output: Place) -> dict[str, list[dict[str, object]]]:
    """What a reader of the catalog sees, without what differs from run to run."""
    catalog = Catalog(output)
    return {
        table.TABLE: [row.model_dump(mode="json", exclude=NEVER_THE_SAME) for row in catalog.rows(table)]
        for table in TABLES
    }


def left_aside(output: Path) -> list[str]:
    """Results and tables that were being written; the folder of a killed run stays as it was left."""
    return sorted(
        str(path.relative_to(output))
        for part in ("catalog", "restored", "work")
        for path in (output / part, *(output / part).rglob("*"))
        if path.exists() and ((path.name.startswith(".") and not path.name.endswith(".lock")) or part == "work")
    )
