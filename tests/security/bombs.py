"""Small files that ask for much: bytes, pixels, pages, properties, samples."""

import io
import struct
import zlib
from functools import cache

import imagecodecs
import numpy as np
from PIL import Image

LARGE_PX = 10_000
PROPERTIES = 30_000


@cache
def inflated(byte_count: int) -> bytes:
    """So many letters, deflated."""
    return zlib.compress(b"a" * byte_count, 9)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks: bytes, side_px: int = 8, colour: int = 2) -> bytes:
    """A PNG with more chunks before its pixels, which are black."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, colour, 0, 0, 0)
    rows = bytes((side_px * (3 if colour == 2 else 1) + 1) * side_px)
    parts = (chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_with_text(where: bytes, *, behind: bool = False) -> bytes:
    """Hundreds of megabytes of letters in a chunk that is read before the pixels, or behind them."""
    bomb = inflated(1 << 28)
    heads = {
        b"iCCP": b"x\0\0",
        b"zTXt": b"Comment\0\0",
        b"iTXt": b"Comment\0\1\0\0\0",
        b"XMP": b"XML:com.adobe.xmp\0\1\0\0\0",
        b"EXIF": b"Raw profile type exif\0\0",
    }
    text = chunk({b"XMP": b"iTXt", b"EXIF": b"zTXt"}.get(where, where), heads[where] + bomb)
    whole = png() if behind else png(text)
    return whole[:-12] + text + whole[-12:] if behind else whole


def crowded_xmp(count: int = PROPERTIES, prefix: str = "rdf") -> bytes:
    properties = "".join(f"<dc:p{number}>x</dc:p{number}>" for number in range(count))
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><{prefix}:RDF xmlns:{prefix}="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<{prefix}:Description xmlns:dc="http://purl.org/dc/elements/1.1/" {prefix}:about="">{properties}'
        f"</{prefix}:Description></{prefix}:RDF></x:xmpmeta>"
    ).encode()


def tiff(compression: int, strip: bytes, *, photometric: int = 2, side_px: int = 64, next_page: int = 0) -> bytes:
    """One page of one strip, which may hold anything; ``next_page`` is where the following page is said to be."""
    tags = [(256, side_px), (257, side_px), (259, compression), (262, photometric), (277, 3), (278, side_px)]
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags]
    after = 8 + 2 + 12 * (len(tags) + 3) + 4
    entries += [
        struct.pack("<HHII", 258, 3, 3, after),
        struct.pack("<HHII", 273, 4, 1, after + 8),
        struct.pack("<HHII", 279, 4, 1, len(strip)),
    ]
    table = struct.pack("<H", len(entries)) + b"".join(sorted(entries)) + struct.pack("<I", next_page)
    return b"II*\0" + struct.pack("<I", 8) + table + struct.pack("<HHHH", 8, 8, 8, 0) + strip


def picture_in_strip(kind: str) -> bytes:
    """A TIFF of 64 x 64 px whose strip is a picture of 3000 x 3000."""
    large = np.zeros((3000, 3000, 3), np.uint8)
    compressions = {"jpeg": 7, "jpeg2k": 34712, "png": 34933, "webp": 50001, "jpegxl": 50002}
    strip = getattr(imagecodecs, f"{kind}_encode")(large)
    return tiff(compressions[kind], strip, photometric=6 if kind == "jpeg" else 2)


def endless_scans(count: int = 600) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    target = io.BytesIO()
    Image.new("L", (256, 256)).save(target, "JPEG", progressive=True)
    whole = target.getvalue()
    return whole[:-2] + whole[whole.rindex(b"\xff\xda") : -2] * count + whole[-2:]


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I", 8 + len(inside)) + kind + inside


def full_box(kind: bytes, *content: bytes) -> bytes:
    return box(kind, bytes(4), *content)


def movie(codec: bytes, side_px: int, sample: bytes, *, samples: int = 1, reference: bytes = b"") -> bytes:
    """A QuickTime film of one track; without a sample in the file its place may be said to be elsewhere.

    Args:
        codec: four letters.
        side_px: width and height as the header has them.
        sample: bytes of each frame.
        samples: how many frames the table claims.
        reference: the entry of ``dref``, where the media lie; none means in this file.
    """
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    entry = box(
        codec,
        bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", side_px, side_px),
        struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32) + struct.pack(">Hh", 24, -1),
    )
    table = box(
        b"stbl",
        full_box(b"stsd", struct.pack(">I", 1), entry),
        full_box(b"stts", struct.pack(">III", 1, samples, 40)),
        full_box(b"stsc", struct.pack(">IIII", 1, 1, samples, 1)),
        full_box(b"stsz", struct.pack(">II", len(sample), samples)),
        full_box(b"stco", struct.pack(">II", 1, 28)),
    )
    where = full_box(b"dref", struct.pack(">I", 1), reference or box(b"url ", b"\0\0\0\1"))
    track = box(
        b"trak",
        box(b"tkhd", b"\0\0\0\3" + bytes(8) + struct.pack(">III", 1, 0, 1000) + bytes(16) + matrix, bytes(8)),
        box(
            b"mdia",
            full_box(b"mdhd", bytes(8) + struct.pack(">IIHH", 1000, 1000, 0x55C4, 0)),
            full_box(b"hdlr", bytes(4) + b"vide" + bytes(13)),
            box(b"minf", full_box(b"vmhd", bytes(8)), box(b"dinf", where), table),
        ),
    )
    head = bytes(8) + struct.pack(">III", 1000, 1000, 0x10000) + b"\1\0" + bytes(10) + matrix + bytes(24)
    moov = box(b"moov", full_box(b"mvhd", head, struct.pack(">I", 2)), track)
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"mdat", sample) + moov
