"""Ids of faces and media to small pictures of them, before and after, and to a clip of a film."""

import base64
import io
from collections.abc import Callable, Mapping

from f2s_catalog.place import Place
from PIL import Image

from f2s_ray.media.signatures import FILM
from f2s_ray.stages.films import Film
from f2s_ray.view.clip import make_clip
from f2s_ray.view.pictures import FACE_MARGIN, cut_face, load_frame
from f2s_ray.view.shelf import Shelf
from f2s_ray.view.site.snapshot import Row, Snapshot
from f2s_ray.view.thumbnails import Thumbnail, Thumbnails

__all__ = ["LARGE_PX", "Images"]

LARGE_PX = 1600
"""Longest side of a picture on its own page."""

FACE_PX, SMALL_PX = 200, 360
_QUALITY = 84
_KEPT_REELS = 4
_CLIP_SECONDS = 3.0
_WHOLE = "progressive"  # how a result is scanned, however its source was

_MEDIUM = "SELECT * FROM media WHERE media_id = $one"
_FACE = "SELECT face_id, media_id, frame, box_px FROM faces WHERE face_id = $one"
_RESULT = "SELECT path, digest FROM restored WHERE media_id = $one"
_SEEN = """
SELECT seen_from_seconds AS start, seen_to_seconds AS stop FROM sightings WHERE media_id = $one
UNION ALL SELECT start_seconds, stop_seconds FROM shots WHERE media_id = $one AND NOT EXISTS (
    FROM sightings WHERE media_id = $one)
ORDER BY stop - start DESC, start LIMIT 1"""


class Images:
    """All images that pages show, by what is asked for; None where a file is gone or cannot be read any more.

    Args:
        snapshot: the tables.
        output: the OUTPUT place.
        source: the INPUT place.
    """

    def __init__(self, snapshot: Snapshot, output: Place, source: Place) -> None:
        self._snapshot = snapshot
        self._sources, self._results = Shelf(source, _KEPT_REELS), Shelf(output, _KEPT_REELS)
        self._thumbnails = Thumbnails(output)
        self._kinds: Mapping[str, Callable[[str, int], Thumbnail | None]] = {
            "face": self._face,
            "face-after": self._face_after,
            "small": lambda media_id, frame: self._before(media_id, frame, SMALL_PX),
            "before": lambda media_id, frame: self._before(media_id, frame, LARGE_PX),
            "small-after": lambda media_id, frame: self._after(media_id, frame, SMALL_PX),
            "after": lambda media_id, frame: self._after(media_id, frame, LARGE_PX),
            "clip": self._clip,
        }

    def get(self, what: str, one: str, frame: int = 0) -> Thumbnail | None:
        """An image.

        Args:
            what: one of those above.
            one: id of a face or medium.
            frame: of a film.

        Raises:
            LookupError: there is no such image, whatever lies on disk.
        """
        return self._kinds[what](one, frame)

    def _face(self, face_id: str, _: int) -> Thumbnail | None:
        face = self._row(_FACE, face_id)
        media = self._row(_MEDIUM, face["media_id"])

        def make() -> bytes | None:
            return _cut(self._source_picture(media, face["frame"], _scale_of(face)), face, media)

        return self._thumbnails.get(face_id, media["content_digest"], f"face{FACE_PX}.jpg", make)

    def _face_after(self, face_id: str, _: int) -> Thumbnail | None:
        face = self._row(_FACE, face_id)
        media, result = self._row(_MEDIUM, face["media_id"]), self._row(_RESULT, face["media_id"])

        def make() -> bytes | None:
            return _cut(self._result_picture(media, result, face["frame"], _scale_of(face)), face, media)

        return self._thumbnails.get(face_id, result["digest"], f"after{FACE_PX}.jpg", make)

    def _before(self, media_id: str, frame: int, side_px: int) -> Thumbnail | None:
        media = self._row(_MEDIUM, media_id)
        _check_frame(media, frame)
        scale = side_px / max(media["width_px"], media["height_px"])

        def make() -> bytes | None:
            return _fitted(self._source_picture(media, frame, scale), side_px)

        return self._thumbnails.get(media_id, media["content_digest"], f"before{side_px}-{frame}.jpg", make)

    def _after(self, media_id: str, frame: int, side_px: int) -> Thumbnail | None:
        media, result = self._row(_MEDIUM, media_id), self._row(_RESULT, media_id)
        _check_frame(media, frame)
        scale = side_px / max(media["width_px"], media["height_px"])

        def make() -> bytes | None:
            return _fitted(self._result_picture(media, result, frame, scale), side_px)

        return self._thumbnails.get(media_id, result["digest"], f"after{side_px}-{frame}.jpg", make)

    def _clip(self, media_id: str, _: int) -> Thumbnail | None:
        media, result = self._row(_MEDIUM, media_id), self._row(_RESULT, media_id)
        if media["format"] != FILM:
            raise LookupError(media_id)
        span = self._row(_SEEN, media_id)

        def make() -> bytes | None:
            films = self._film(media), self._results.reel(result["path"], _WHOLE)
            begin = span["start"]
            clip = films[0] and films[1] and make_clip(films[0], films[1], (begin, begin + _CLIP_SECONDS))
            return base64.b64decode(clip.uri.partition(",")[2]) if clip else None

        return self._thumbnails.get(media_id, result["digest"], "clip.mp4", make)

    def _row(self, sql: str, one: str) -> Row:
        rows = self._snapshot.rows(sql, one=one)
        if not rows:
            raise LookupError(one)
        return rows[0]

    def _source_picture(self, media: Row, frame: int, scale: float) -> Image.Image | None:
        """A source; None also when the file is not the one that is in the catalog any more."""
        if media["format"] == FILM:
            film = self._film(media)
            return load_frame(film, frame) if film else None
        return self._sources.photo(media["path"], media["byte_count"], raw=media["format"] == "RAW", scale=scale)

    def _result_picture(self, media: Row, result: Row, frame: int, scale: float) -> Image.Image | None:
        if media["format"] != FILM:
            return self._results.photo(result["path"], scale=scale)
        film = self._results.reel(result["path"], _WHOLE)
        return load_frame(film, frame) if film else None

    def _film(self, media: Row) -> Film | None:
        return self._sources.reel(media["path"], media["film"]["scan"], media["byte_count"])


def _check_frame(media: Row, frame: int) -> None:
    if frame >= (media["film"]["frame_count"] if media["film"] else 1):
        raise LookupError(frame)


def _scale_of(face: Row) -> float:
    """How much smaller than its picture a face is shown."""
    x0, y0, x1, y1 = face["box_px"]
    return FACE_PX / (FACE_MARGIN * max(x1 - x0, y1 - y0, 1.0))


def _cut(image: Image.Image | None, face: Row, media: Row) -> bytes | None:
    if image is None:
        return None
    return _jpeg(cut_face(image, face["box_px"], (media["width_px"], media["height_px"]), FACE_PX))


def _fitted(image: Image.Image | None, side_px: int) -> bytes | None:
    if image is None:
        return None
    image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    return _jpeg(image)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()
