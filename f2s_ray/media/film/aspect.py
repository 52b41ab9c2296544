"""The pixel aspect of a Matroska file, written into its header in place.

The muxer takes it from a field that PyAV cannot set, and writes ``DisplayUnit`` (unknown) instead. The track keeps a
reserve (``Void``) behind its picture, so that nothing else moves::

    Video [ ... DisplayUnit ]  ...  Void 11   ->   Video [ ... DisplayWidth DisplayHeight ]  ...  Void 5
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from f2s_ray.errors import MediaError

__all__ = ["display_size", "write_aspect"]

SEGMENT, TRACKS, TRACK, VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
PIXEL_WIDTH, PIXEL_HEIGHT, DISPLAY_UNIT, VOID, CRC = 0xB0, 0xBA, 0x54B2, 0xEC, 0xBF
DISPLAY_WIDTH, DISPLAY_HEIGHT = 0x54B0, 0x54BA
HEADER_BYTES = 1 << 20
WIDEST = 65535


@dataclass(frozen=True)
class _Element:
    """One element of EBML: where it starts, where its payload starts and stops."""

    identity: int
    start: int
    payload: int
    stop: int


def display_size(width_px: int, height_px: int, sample_aspect_ratio: Fraction) -> tuple[int, int]:
    """Whole width and height whose ratio is exactly that of the picture as it is shown.

    >>> display_size(720, 576, Fraction(16, 15)), display_size(64, 48, Fraction(16, 15))
    ((768, 576), (128, 90))
    """
    shown = Fraction(width_px, height_px) * sample_aspect_ratio
    scale = max(1, -(-height_px // shown.denominator))
    if shown.numerator * scale > WIDEST or shown.denominator * scale > WIDEST:
        near = shown.limit_denominator(height_px)
        return near.numerator, near.denominator
    return shown.numerator * scale, shown.denominator * scale


def write_aspect(path: Path, width_px: int, height_px: int, sample_aspect_ratio: Fraction) -> None:
    """Say in the header of a Matroska file how its first track of that size is shown.

    Raises:
        MediaError: ``unsupported`` if the header is not as the muxer writes it.
    """
    with path.open("r+b") as file:
        head = bytearray(file.read(HEADER_BYTES))
        segment = next(each for each in _elements(head, 0, len(head)) if each.identity == SEGMENT)
        tracks = next(each for each in _elements(head, segment.payload, len(head)) if each.identity == TRACKS)
        for track in _children(head, tracks, TRACK):
            if _rewrite(head, track, (width_px, height_px), display_size(width_px, height_px, sample_aspect_ratio)):
                break
        else:
            raise MediaError(
                "unsupported", f"{path.name}: no room in its header for the pixel aspect {sample_aspect_ratio}"
            )
        first = next(_elements(head, tracks.payload, tracks.stop))
        if first.identity == CRC:
            head[first.payload : first.stop] = zlib.crc32(head[first.stop : tracks.stop]).to_bytes(4, "little")
        file.seek(0)
        file.write(head)


def _rewrite(head: bytearray, track: _Element, size: tuple[int, int], display: tuple[int, int]) -> bool:
    """Put the shown size into one track, if it is of that size and has room. True if done."""
    video = next(_children(head, track, VIDEO), None)
    void = next(_children(head, track, VOID), None)
    if video is None or void is None or void.start < video.stop:
        return False
    fields = list(_elements(head, video.payload, video.stop))
    values = {each.identity: int.from_bytes(head[each.payload : each.stop], "big") for each in fields}
    if (values.get(PIXEL_WIDTH), values.get(PIXEL_HEIGHT)) != size or DISPLAY_WIDTH in values:
        return False
    kept = b"".join(bytes(head[each.start : each.stop]) for each in fields if each.identity != DISPLAY_UNIT)
    kept += _element(DISPLAY_WIDTH, display[0].to_bytes(2, "big")) + _element(
        DISPLAY_HEIGHT, display[1].to_bytes(2, "big")
    )
    region = _element(VIDEO, kept) + bytes(head[video.stop : void.start])
    spare = void.stop - video.start - len(region)
    if spare < 2:
        return False
    head[video.start : void.stop] = region + _element(VOID, bytes(spare - 2))
    return True


def _element(identity: int, payload: bytes) -> bytes:
    name = identity.to_bytes((identity.bit_length() + 7) // 8, "big")
    length = len(payload)
    return name + (bytes([0x80 | length]) if length < 127 else (0x4000 | length).to_bytes(2, "big")) + payload


def _children(head: bytearray, parent: _Element, identity: int) -> Iterator[_Element]:
    return (each for each in _elements(head, parent.payload, parent.stop) if each.identity == identity)


def _elements(head: bytearray, start: int, stop: int) -> Iterator[_Element]:
    at = start
    while at + 2 <= min(stop, len(head)):
        name_bytes = _length(head[at])
        size_at = at + name_bytes
        size_bytes = _length(head[size_at])
        payload = size_at + size_bytes
        size = int.from_bytes(head[size_at:payload], "big") & ((1 << 7 * size_bytes) - 1)
        yield _Element(int.from_bytes(head[at:size_at], "big"), at, payload, payload + size)
        at = payload + size


def _length(first_byte: int) -> int:
    """How many bytes a number has: the place of the first 1."""
    return 9 - first_byte.bit_length()
