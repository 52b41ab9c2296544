"""The chunks of a PNG: checked, listed, and put back around new pixels."""

import zlib
from collections.abc import Iterator

from f2s_ray.errors import MediaError

__all__ = ["chunks", "is_kept", "pixels_alone", "splice"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = frozenset((b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"pHYs", b"tEXt", b"zTXt", b"iTXt"))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk, up to and with IEND.

    Raises:
        MediaError: ``truncated`` where the file ends early, ``broken`` where a checksum does not hold.
    """
    at = len(SIGNATURE)
    while True:
        size = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + size
        if end > len(data):
            raise MediaError(
                "truncated", f"PNG ends at byte {len(data)}, its chunk at {at} needs {end}; find a whole copy"
            )
        kind, content = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if zlib.crc32(kind + content) != int.from_bytes(data[end - 4 : end], "big"):
            raise MediaError("broken", f"PNG chunk {kind!r} at byte {at} has a wrong checksum; find a whole copy")
        yield kind, content
        if kind == b"IEND":
            return
        at = end


def splice(encoded: bytes, kept: Iterator[tuple[bytes, bytes]]) -> bytes:
    """A PNG with more chunks behind its IHDR; colour and text chunks are right there.

    Args:
        encoded: a PNG as written by the encoder.
        kept: type and content of the chunks to add, in order.
    """
    added = b"".join(_chunk(kind, content) for kind, content in kept)
    head = len(SIGNATURE) + 25
    return encoded[:head] + added + encoded[head:]


def is_kept(kind: bytes, content: bytes) -> bool:
    """Colour, resolution and text go along as they are; EXIF, IPTC and XMP are written anew."""
    return kind in KEPT and not content.startswith((b"XML:com.adobe.xmp\0", b"Raw profile type "))


def pixels_alone(data: bytes) -> bytes:
    """The PNG without all that a decoder of pixels needs not read. Raises ``MediaError`` as ``chunks`` does."""
    needed = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks(data) if kind in needed)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
