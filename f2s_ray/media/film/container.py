"""A path to an open film: only files, only film containers."""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from f2s_ray.errors import MediaError
from f2s_ray.media.memory import bounded
from f2s_ray.media.ranged import MediaFile

__all__ = ["MOST_PIXELS", "film_stream", "open_film"]

# A playlist that calls itself a film may name other files and hosts: such demuxers and protocols stay shut.
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,rm,nut,gxf,swf,ivf,wtv"
MOST_PIXELS = 2**31 - 1
_MOST_BYTES = 1 << 30  # the index of a day of film is a tenth of that
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}


def open_film(path: MediaFile, most_pixels: int = MOST_PIXELS) -> InputContainer:
    """Open a film for reading; close it, or use it as a context.

    Args:
        path: the file.
        most_pixels: of a frame; larger ones are not decoded here, where some formats need it.

    Raises:
        MediaError: ``not_a_file``, ``empty``, ``unreadable``, ``too_large``, ``truncated`` or ``broken``.
    """
    _check_file(path)
    decoding = {"max_pixels": str(min(most_pixels, MOST_PIXELS))}
    try:
        source = str(path) if isinstance(path, Path) else path.open()
        with bounded(_MOST_BYTES):
            container = av.open(source, "r", options=decoding, container_options=OPTIONS, metadata_errors="replace")
    except av.error.MemoryError as error:
        raise MediaError("too_large", f"{path.name}: its header asks for more than {_MOST_BYTES} bytes") from error
    except av.error.FFmpegError as error:
        _refuse_cut(path)
        raise MediaError("broken", f"{path.name}: no film that can be read ({error.strerror})") from error
    if not len(container.streams):
        _refuse_cut(path)
    return container


def film_stream(container: InputContainer) -> VideoStream:
    """The moving picture of a film: the default one, else the largest; covers do not count.

    Raises:
        MediaError: ``no_video`` where there is none, ``unsupported`` where nothing here decodes it.
    """
    pictures = [stream for stream in container.streams.video if not stream.disposition & COVER]
    if not pictures:
        raise MediaError("no_video", f"{_name(container)}: has no moving picture; it is left as it is")
    known = [stream for stream in pictures if stream.codec_context is not None]
    if not known:
        raise MediaError("unsupported", f"{_name(container)}: no decoder for its picture; convert it first")
    return max(known, key=lambda stream: (stream.disposition & DEFAULT, stream.width * stream.height, -stream.index))


WIDE = b"\0\0\0\1"  # the length of the box follows its name
MP4_BOXES = {b"ftyp", b"moov", b"mdat"}
DEFAULT = av.stream.Disposition.default
COVER = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails | av.stream.Disposition.still_image


def _check_file(path: MediaFile) -> None:
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no regular file"
            raise MediaError("not_a_file", f"{path.name}: is {what}; only files are restored")
        with path.open("rb") as file:
            if not file.read(1):
                raise MediaError("empty", f"{path.name}: 0 bytes; find a whole copy")
    except OSError as error:
        raise MediaError("unreadable", f"{path.name}: {error.strerror or error}; check its rights and disk") from error


def _name(container: InputContainer) -> str:
    return Path(container.name).name


def _refuse_cut(path: MediaFile) -> None:
    """An MP4 whose table stood at its end, and was cut off, is told from a file that never was a film."""
    size, at, names = path.stat().st_size, 0, set[bytes]()
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[8:16] if head[:4] == WIDE else head[:4], "big")
            if len(head) < 8 or length < 8:
                break
            at += length
            names.add(head[4:8])
    if names & MP4_BOXES and (at > size or b"moov" not in names):
        raise MediaError("truncated", f"{path.name}: ends after {size} bytes, before the film does; find a whole copy")
