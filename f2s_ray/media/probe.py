"""A file to its format and its PhotoInfo, from the header: nothing is decoded, nothing is trusted."""

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from f2s_ray.errors import MediaError
from f2s_ray.media.exiv2 import Tags, read_tags
from f2s_ray.media.guard import guarded
from f2s_ray.media.headers import READERS
from f2s_ray.media.photo import Limits, PhotoInfo
from f2s_ray.media.ranged import MediaFile
from f2s_ray.media.signatures import FILM, recognise

__all__ = ["format_of", "probe", "read_bytes", "refuse_large"]

HEAD = 1024
_MOST_BYTES = 1 << 30  # beyond the file itself, for what its header asks for


def format_of(path: MediaFile) -> str:
    """What a file is, by its first bytes.

    Raises:
        MediaError: ``empty``, ``unreadable``, ``not_a_file``, and as ``recognise`` does.
    """
    _check_file(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not head:
        _refuse_empty(path.name)
    return recognise(head, path.name)


def probe(path: Path, limits: Limits) -> PhotoInfo:
    """Recognise a photo by its content.

    Raises:
        MediaError: ``empty``, ``broken``, ``truncated``, ``too_large``, ``unsupported``, ``unreadable``,
            ``not_a_file``, ``animated``, ``skipped:film``, or ``skipped:not_media`` for what is neither by content and name.
    """
    data = read_bytes(path, limits)
    fmt = recognise(data[:HEAD], path.name)
    if fmt == FILM:
        raise MediaError("skipped:film", f"{path.name}: a film, no photo")
    with guarded(path.name, _MOST_BYTES + 4 * len(data)):
        header = READERS[fmt](data, limits)
    if header.megapixels > limits.max_megapixels:
        raise MediaError(
            "too_large",
            f"{path.name}: {header.width_px} x {header.height_px} px, {header.page_count} page(s), "
            f"{header.megapixels:.1f} megapixels; "
            f"the limit is {limits.max_megapixels:g}, raise max_megapixels if memory allows",
        )
    return _with_tags(header, data)


def read_bytes(path: Path, limits: Limits) -> bytes:
    """The whole file, if it is one and small enough. Raises ``MediaError`` as ``probe`` does."""
    _check_file(path)
    try:
        refuse_large(path, limits)
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not data:
        _refuse_empty(path.name)
    return data


def refuse_large(path: MediaFile, limits: Limits) -> None:
    """See that a file is small enough to be read whole.

    Raises:
        MediaError: ``too_large``, and as ``recognise`` does where it is none to be read.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > limits.max_bytes:
        with path.open("rb") as file:
            recognise(file.read(HEAD), path.name)
        raise MediaError("too_large", f"{path.name}: {size} bytes; the limit is {limits.max_bytes}, raise max_bytes")


def _check_file(path: MediaFile) -> None:
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise MediaError("not_a_file", f"{path.name}: is {what}; only files are restored")
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: MediaFile, error: OSError) -> MediaError:
    return MediaError("unreadable", f"{path.name}: {error.strerror or error}; check its rights and its disk")


def _refuse_empty(name: str) -> None:
    try:
        recognise(b"", name)
    except MediaError as error:
        if error.kind == "skipped:not_media":
            raise
    raise MediaError("empty", f"{name}: 0 bytes; find a whole copy")


def _with_tags(header: PhotoInfo, data: bytes) -> PhotoInfo:
    tags = read_tags(data)
    width, height, orientation = header.width_px, header.height_px, header.orientation
    if header.format in ("JPEG", "PNG", "WEBP"):
        orientation = _orientation(tags)
    if header.format not in ("TIFF", "RAW", "HEIF") and orientation >= 5:
        width, height = height, width
    return replace(
        header,
        width_px=width,
        height_px=height,
        orientation=orientation,
        has_exif=_has_exif(tags, header.format),
        has_xmp=bool(tags.xmp),
        has_iptc=bool(tags.iptc),
        captured_at=_captured_at(tags),
        camera=_camera(tags),
        content_digest=hashlib.sha256(data).hexdigest(),
        byte_count=len(data),
    )


def _has_exif(tags: Tags, fmt: str) -> bool:
    """In a TIFF the picture's own structure stands among the tags; only what a camera adds counts there."""
    groups = ("Exif.Photo.", "Exif.GPSInfo.") if fmt in ("TIFF", "RAW") else ("Exif.",)
    return any(key.startswith(groups) for key in tags.exif)


def _orientation(tags: Tags) -> int:
    value = tags.exif.get("Exif.Image.Orientation", "1")
    return int(value) if value in "12345678" and len(value) == 1 else 1


def _captured_at(tags: Tags) -> str | None:
    for key in ("Exif.Photo.DateTimeOriginal", "Exif.Photo.DateTimeDigitized"):
        try:
            return datetime.strptime(tags.exif.get(key, "").strip(), "%Y:%m:%d %H:%M:%S").isoformat()
        except ValueError:
            continue
    return None


def _camera(tags: Tags) -> str | None:
    words = [tags.exif.get(f"Exif.Image.{name}", "").strip("\x00 ") for name in ("Make", "Model")]
    if words[0] and words[1].lower().startswith(words[0].lower()):
        words = words[1:]
    return " ".join(word for word in words if word) or None
