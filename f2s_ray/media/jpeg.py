"""The segments of a JPEG before its first scan, and how many scans there are."""

from collections.abc import Iterator

from f2s_ray.errors import MediaError

__all__ = ["frame_size", "precision_and_process", "refuse_endless", "segments", "without_junk"]

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN = 0xDA
# A progressive picture has about ten; a scan of some hundred bytes can keep a decoder busy for all its pixels.
MOST_SCANS = 500


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and whole bytes of each segment, without stray bytes between; the last is the scan and all that follows.

    Raises:
        MediaError: ``truncated`` where no scan comes.
    """
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 3:
        marker = data[at + 1]
        if marker in (0x00, 0xFF):
            at += 1
            continue
        if marker == SCAN:
            yield marker, data[at:]
            return
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, data[at:end]
        at = end
    raise MediaError("truncated", f"JPEG of {len(data)} bytes ends before its picture; find a whole copy")


def without_junk(data: bytes) -> bytes:
    """The same JPEG without stray bytes between its header segments; from the first scan on nothing is touched."""
    return b"".join([data[:2], *(whole for _, whole in segments(data))])


def precision_and_process(data: bytes) -> tuple[int, int]:
    """Bits per sample and the frame marker: C0 to C2 are the ordinary ones, C3 is lossless, C9 on is arithmetic.

    Raises:
        MediaError: ``broken`` where no frame is declared before the first scan.
    """
    for marker, whole in segments(data):
        if marker in FRAMES and len(whole) > 4:
            return whole[4], marker
    raise MediaError("broken", "JPEG declares no frame; find a whole copy")


def frame_size(data: bytes) -> tuple[int, int] | None:
    """Rows and columns that the frame declares; None where it declares none before a scan."""
    try:
        for marker, whole in segments(data):
            if marker in FRAMES and len(whole) > 8:
                return int.from_bytes(whole[5:7], "big"), int.from_bytes(whole[7:9], "big")
    except MediaError:
        return None
    return None


def refuse_endless(data: bytes) -> None:
    """See that there are not more scans than any picture has.

    Raises:
        MediaError: ``too_large``.
    """
    scans = data.count(bytes((0xFF, SCAN)))
    if scans > MOST_SCANS:
        raise MediaError("too_large", f"JPEG with {scans} scans, at most {MOST_SCANS} are read; save it again")
