"""Bytes of a file to its EXIF, IPTC and XMP tags, and tags to bytes: Exiv2 behind one lock.

Exiv2's XMP toolkit is not safe between threads, so all calls of a process stand in one line. Its log is mute: what
matters is raised. The toolkit looks for each property among all, so a file that holds very many is not given to it: 60,000
in one megabyte take half a minute, ten megabytes an hour. They are counted as signs of XML in the whole file, wherever its
format keeps them; bytes that mean something else hold one in 16,000.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import RLock

import pyexiv2

from f2s_ray.errors import MediaError

__all__ = ["Tags", "opened", "read_tags"]

_LOCK = RLock()
_MOST_SIGNS = 20_000
_BYTES_PER_SIGN = 8_192
_RDF = re.compile(rb"rdf-syntax-ns#|&#x?[0-9a-fA-F]+;")  # as it is, or spelled in numbers
_SIGN = re.compile(rb"</(?!rdf:li>)|/>|=[ \t\r\n]*[\"']")
pyexiv2.set_log_level(4)


@dataclass(frozen=True)
class Tags:
    """The tags of one file, by Exiv2's names.

    ``trouble`` says why none could be read, ``bad_xmp`` that the XMP alone could not.
    """

    exif: dict[str, str] = field(default_factory=dict)
    iptc: dict[str, object] = field(default_factory=dict)
    xmp: dict[str, object] = field(default_factory=dict)
    bad_xmp: bool = False
    trouble: str | None = None


@contextmanager
def opened(data: bytes) -> Iterator[pyexiv2.ImageData]:
    """A file's bytes as Exiv2 sees them; changes are in ``get_bytes()``, nothing touches the disk.

    Raises:
        MediaError: ``metadata`` where Exiv2 cannot read or write it, or would read for ever.
    """
    _refuse_crowded(data)
    with _LOCK:
        image = None
        try:
            image = pyexiv2.ImageData(data)
            yield image
        except (RuntimeError, ValueError) as error:
            raise MediaError("metadata", f"metadata cannot be read or written: {_line(error)}") from error
        finally:
            if image is not None:
                image.close()


def read_tags(data: bytes) -> Tags:
    """All tags; none, and the reason in ``trouble``, where the metadata is damaged."""
    try:
        with opened(data) as image:
            xmp = image.read_xmp(encoding="utf-8")
            return Tags(
                exif=image.read_exif(encoding="latin-1"),
                iptc=image.read_iptc(encoding="latin-1"),
                xmp=xmp,
                bad_xmp=not xmp and bool(image.read_raw_xmp(encoding="latin-1").strip()),
            )
    except MediaError as error:
        return Tags(trouble=error.message)


def _refuse_crowded(data: bytes) -> None:
    text = data.translate(None, b"\0")  # the noughts of UTF-16
    if not _RDF.search(text):
        return
    signs = sum(1 for _ in _SIGN.finditer(text))
    if signs > _MOST_SIGNS + len(text) // _BYTES_PER_SIGN:
        raise MediaError("metadata", f"about {signs} properties of XMP, at most {_MOST_SIGNS} are read")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
