"""Small files that ask for much are refused, or read within bounds; each is opened in a child process that measures itself."""

import io
import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from f2s_ray.media.exiv2 import read_tags
from tests.security import bombs

ROOT = Path(__file__).resolve().parents[2]
MOST_MIB = 300
CHILD = """
import json, sys
from pathlib import Path
from f2s_ray.errors import MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import format_of, probe

def resident(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(key))

for name in json.load(sys.stdin):
    path = Path(name)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    try:
        if format_of(path) == "FILM":
            probe_film(path, FilmLimits())
        else:
            decode(path, probe(path, Limits()), Limits())
        kind = "ok"
    except MediaError as error:
        kind = error.kind
        assert str(path.parent) not in error.message, error.message
    print(json.dumps([path.name, kind, resident("VmHWM") - before]), flush=True)
"""


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, fmt, **options)
    return target.getvalue()


def with_sizes(data: bytes, side_px: int) -> bytes:
    """The same HEIF or AVIF with another size in all its property boxes."""
    changed, at = bytearray(data), -1
    while (at := changed.find(b"ispe", at + 1)) >= 0:
        changed[at + 8 : at + 16] = struct.pack(">II", side_px, side_px)
    return bytes(changed)


def heif() -> bytes:
    target = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 64))).save(target)
    return target.getvalue()


def tiff_with(xmp: bytes) -> bytes:
    target, black = io.BytesIO(), np.zeros((8, 8, 3), np.uint8)
    extra = [(700, "B", len(xmp), xmp, True)]
    tifffile.imwrite(target, black, photometric="rgb", metadata=None, extratags=extra)
    return target.getvalue()


SMALL = Image.new("RGB", (16, 16))
FILES = {
    "pixels.avif": ("too_large", lambda: with_sizes(saved(SMALL, "AVIF"), 17_000)),
    "pixels.heic": ("too_large", lambda: with_sizes(heif(), 17_000)),
    "pixels.jpg": ("too_large", lambda: saved(Image.new("1", (30_000, 10_000)).convert("L"), "JPEG", quality=1)),
    **{
        f"{where.decode()}.png": ("broken", lambda where=where: bombs.png_with_text(where))
        for where in (b"iCCP", b"zTXt", b"iTXt", b"XMP", b"EXIF")
    },
    **{
        f"{where.decode()}_behind.png": ("ok", lambda where=where: bombs.png_with_text(where, behind=True))
        for where in (b"iCCP", b"XMP", b"EXIF")
    },
    "jpeg.tif": ("broken", lambda: bombs.picture_in_strip("jpeg")),
    **{
        f"{kind}.tif": ("unsupported", lambda kind=kind: bombs.picture_in_strip(kind))
        for kind in ("jpeg2k", "png", "webp", "jpegxl")
    },
    "deflate.tif": ("broken", lambda: bombs.tiff(8, bombs.inflated(1 << 28))),
    "loop.tif": ("too_large", lambda: bombs.tiff(1, bytes(64 * 64 * 3), next_page=8)),
    "scans.jpg": ("too_large", bombs.endless_scans),
    "properties.tif": ("ok", lambda: tiff_with(bombs.crowded_xmp())),
    "properties16.tif": ("ok", lambda: tiff_with(bombs.crowded_xmp().decode().encode("utf-16"))),
    "properties.webp": ("ok", lambda: saved(SMALL, "WEBP", xmp=bombs.crowded_xmp(prefix="r"))),
    "properties.avif": ("ok", lambda: saved(SMALL, "AVIF", xmp=bombs.crowded_xmp())),
    "table.mov": ("empty", lambda: bombs.movie(b"mp4v", 64, b"x", samples=100_000_000)),
    "frame.mov": ("too_large", lambda: bombs.movie(b"png ", 0, bombs.png(side_px=bombs.LARGE_PX, colour=0))),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, tuple[str, int]]:
    folder = tmp_path_factory.mktemp("bombs")
    for name, (_, make) in FILES.items():
        (folder / name).write_bytes(make())
        assert (folder / name).stat().st_size < 4 << 20, name
    names = json.dumps([str(folder / name) for name in FILES])
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=names, capture_output=True, text=True, cwd=ROOT, timeout=600, check=False
    )
    rows = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, (rows[-1:], child.stderr[-2000:])
    return {name: (kind, peak) for name, kind, peak in rows}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much a process took at most")
@pytest.mark.parametrize("name", FILES)
def test_a_small_file_takes_little_memory_and_is_told_for_what_it_is(name, outcomes):
    kind, peak = outcomes[name]
    assert kind == FILES[name][0]
    assert peak < MOST_MIB, f"{peak} MiB"


def test_very_many_properties_are_not_read_and_it_is_said():
    tags = read_tags(tiff_with(bombs.crowded_xmp()))
    assert tags.trouble == "about 30007 properties of XMP, at most 20000 are read"
    few = read_tags(tiff_with(bombs.crowded_xmp(1000)))
    assert (few.trouble, len(few.xmp)) == (None, 1000)
