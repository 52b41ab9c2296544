"""Faces and pictures of an archive to small JPEGs, each made once and kept below ``catalog/biometric/thumbnails``.

A name is the digest of what is shown and of the source's bytes, so a picture that changed gets another one. Where the
biometric tables are encrypted nothing is kept on disk.
"""

import io
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from f2s_catalog.erase_plan import thumbnail_name
from f2s_catalog.ids import digest
from f2s_catalog.store import catalog_folder
from PIL import Image

from f2s_ray.media.signatures import FILM
from f2s_ray.view.pictures import cut_face, load, load_frame, open_reel

__all__ = ["Thumbnails", "forget", "thumbnail_folder"]

FACE_PX, SMALL_PX, LARGE_PX = 160, 320, 1280
_QUALITY = 84
_KEPT_IN_MEMORY = 2000
_KEPT_REELS = 4


def thumbnail_folder(output: Path) -> Path:
    """Where they are kept."""
    return catalog_folder(output) / "biometric" / "thumbnails"


def forget(output: Path) -> None:
    """Remove all of them; they are made again when somebody looks."""
    with suppress(FileNotFoundError):
        shutil.rmtree(thumbnail_folder(output))


class Thumbnails:
    """JPEG bytes, made when they are asked for first; None where the source is gone or cannot be read any more.

    Args:
        output: the OUTPUT folder.
        source: the INPUT folder.
    """

    def __init__(self, output: Path, source: Path) -> None:
        self._output, self._source = output, source
        self._on_disk = not os.environ.get("F2S_KEY_FILE")
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()  # one picture is decoded at a time: decoders use threads of their own
        self._reel = lru_cache(maxsize=_KEPT_REELS)(open_reel)

    def face(self, face: Mapping[str, Any], media: Mapping[str, Any]) -> bytes | None:
        """A face, from the source: rows of both tables."""

        def made() -> Image.Image | None:
            image = self._picture(self._source / media["path"], media, face["frame"], checked=True)
            return image and cut_face(image, face["box_px"], (media["width_px"], media["height_px"]), FACE_PX)

        return self._kept(thumbnail_name(face["face_id"], media["content_digest"]), made)

    def media(self, media: Mapping[str, Any], side_px: int, frame: int = 0) -> bytes | None:
        """A source, or a frame of it, its long side at most so many pixels."""
        key = digest("source", media["media_id"], media["content_digest"], side_px, frame)
        return self._kept(
            key, lambda: _fitted(self._picture(self._source / media["path"], media, frame, checked=True), side_px)
        )

    def result(self, media: Mapping[str, Any], result: Mapping[str, Any], side_px: int, frame: int = 0) -> bytes | None:
        """The same of what it was restored to."""
        file = self._output / result["path"]
        key = digest("result", media["media_id"], result["digest"], side_px, frame)
        return self._kept(key, lambda: _fitted(self._picture(file, media, frame, checked=False), side_px))

    def _picture(self, file: Path, media: Mapping[str, Any], frame: int, *, checked: bool) -> Image.Image | None:
        if not file.is_file() or (checked and file.stat().st_size != media["byte_count"]):
            return None
        if media["format"] != FILM:
            return load(file, raw=checked and media["format"] == "RAW")
        reel = self._reel(file, media["scan"] if checked else "progressive")
        return load_frame(reel, frame) if reel else None

    def _kept(self, key: str, make: Callable[[], Image.Image | None]) -> bytes | None:
        file = thumbnail_folder(self._output) / key[:2] / f"{key}.jpg"
        with self._lock:
            if key in self._memory:
                self._memory.move_to_end(key)
                return self._memory[key]
            if self._on_disk and file.is_file():
                return file.read_bytes()
            image = make()
            if image is None:
                return None
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
            self._keep(key, file, buffer.getvalue())
            return buffer.getvalue()

    def _keep(self, key: str, file: Path, content: bytes) -> None:
        if not self._on_disk:
            self._memory[key] = content
            if len(self._memory) > _KEPT_IN_MEMORY:
                self._memory.popitem(last=False)
            return
        with suppress(OSError):  # a full disk costs time, not the page
            file.parent.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(f".{os.getpid()}.tmp")
            aside.write_bytes(content)
            aside.replace(file)


def _fitted(image: Image.Image | None, side_px: int) -> Image.Image | None:
    if image is not None:
        image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return image
