"""Boxes of a HEIF or AVIF: EXIF and XMP are added behind finished pictures, no pixel is encoded twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from f2s_ray.errors import MediaError

__all__ = ["add_metadata", "nclx", "without_metadata"]


@dataclass(frozen=True)
class _Item:
    """One entry of an item location box: where its bytes are, in the file (method 0) or in the meta box (1)."""

    item_id: int
    method: int
    extents: tuple[tuple[int, int], ...]


def nclx(data: bytes) -> tuple[int, int, int] | None:
    """Colour primaries, transfer and matrix (H.273) of the first colour box that holds numbers, else None."""
    at = data[: _meta_end(data)].find(b"colrnclx")
    if at < 0:
        return None
    primaries, transfer, matrix = (int.from_bytes(data[at + skip : at + skip + 2], "big") for skip in (8, 10, 12))
    return primaries, transfer, matrix


def add_metadata(data: bytes, exif: bytes | None, xmp: bytes | None) -> bytes:
    """The file with an EXIF and an XMP item that describe its primary picture.

    Args:
        data: a file that holds neither yet, its meta box in front of its picture data.
        exif: a TIFF-structured EXIF block, without the ``Exif`` word.
        xmp: an XMP packet.

    Raises:
        MediaError: ``metadata`` where the boxes are not as an encoder writes them.
    """
    items = [(b"Exif", b"", bytes(4) + exif)] if exif else []
    items += [(b"mime", b"application/rdf+xml\0", xmp)] if xmp else []
    if not items:
        return data
    start, end = next(((start, end) for kind, start, end in _boxes(data, 0, len(data)) if kind == b"meta"), (0, 0))
    parts = {kind: data[at:stop] for kind, at, stop in _boxes(data, start + 12, end)}
    if not {b"pitm", b"iloc", b"iinf"} <= parts.keys():
        raise MediaError("metadata", "HEIF or AVIF without an item table; its EXIF and XMP cannot be written")
    located = _located(parts[b"iloc"])
    first_id = max(item.item_id for item in located) + 1
    parts[b"iinf"] = _with_infos(parts[b"iinf"], items, first_id)
    parts[b"iref"] = _with_references(parts.get(b"iref"), parts[b"pitm"], first_id, len(items))

    def meta(shift: int, payload_at: int) -> bytes:
        moved = [_moved(item, end, shift) for item in located]
        for number, (_, _, payload) in enumerate(items):
            moved.append(_Item(first_id + number, 0, ((payload_at, len(payload)),)))
            payload_at += len(payload)
        body = b"".join({**parts, b"iloc": _iloc(moved)}.values())
        return _box(b"meta", data[start + 8 : start + 12] + body)

    shift = len(meta(0, 0)) - (end - start)
    payloads = _box(b"mdat", b"".join(payload for _, _, payload in items))
    return data[:start] + meta(shift, len(data) + shift + 8) + data[end:] + payloads


def without_metadata(data: bytes) -> bytes:
    """The file without the EXIF and XMP items that ``add_metadata`` gave it; one that has none comes back as it is.

    Raises:
        MediaError: ``metadata`` where they are not where ``add_metadata`` puts them.
    """
    start, end = next(((start, end) for kind, start, end in _boxes(data, 0, len(data)) if kind == b"meta"), (0, 0))
    parts = {kind: data[at:stop] for kind, at, stop in _boxes(data, start + 12, end)}
    infos = _infos(parts.get(b"iinf", b""))
    gone = {item_id for item_id, kind, _ in infos if kind in (b"Exif", b"mime")}
    if not gone:
        return data
    located = _located(parts[b"iloc"])
    kind, last, _ = list(_boxes(data, 0, len(data)))[-1]
    inside = {item.item_id for item in located if any(at >= last for at, _ in item.extents)}
    if kind != b"mdat" or inside != gone:
        raise MediaError("metadata", "HEIF or AVIF whose EXIF and XMP do not stand at its end; they cannot be renewed")
    kept = b"".join(info for item_id, _, info in infos if item_id not in gone)
    wide = 4 if parts[b"iinf"][8] else 2
    head = parts[b"iinf"][8:12] + (len(infos) - len(gone)).to_bytes(wide, "big")
    parts[b"iinf"] = _box(b"iinf", head + kept)
    parts[b"iref"] = _without_references(parts[b"iref"], gone)
    stay = [item for item in located if item.item_id not in gone]

    def meta(shift: int) -> bytes:
        moved = [_moved(item, end, shift) for item in stay]
        body = b"".join({**parts, b"iloc": _iloc(moved)}.values())
        return _box(b"meta", data[start + 8 : start + 12] + body)

    return data[:start] + meta(len(meta(0)) - (end - start)) + data[end:last]


def _box(kind: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while at + 8 <= end:
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        stop = end if size == 0 else at + size
        if size in range(2, 8) or stop > end:
            raise MediaError("metadata", f"HEIF or AVIF box at byte {at} has size {size}")
        yield data[at + 4 : at + 8], at, stop
        at = stop


def _meta_end(data: bytes) -> int:
    at = data.find(b"mdat")
    return len(data) if at < 0 else at


def _located(iloc: bytes) -> list[_Item]:
    version, sizes = iloc[8], iloc[12:14]
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    at = 14

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(iloc[at - size : at], "big")

    wide = 4 if version == 2 else 2
    items = []
    for _ in range(number(wide)):
        item_id = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(base_size)
        extents = []
        for _ in range(number(2)):
            number(index_size)
            offset = number(offset_size)
            extents.append((base + offset, number(length_size)))
        items.append(_Item(item_id, method, tuple(extents)))
    return items


def _moved(item: _Item, behind: int, shift: int) -> _Item:
    if item.method != 0:
        return item
    extents = tuple((at + shift if at >= behind else at, size) for at, size in item.extents)
    return _Item(item.item_id, 0, extents)


def _iloc(items: list[_Item]) -> bytes:
    body = b"\x01\0\0\0" + b"\x44\x00" + len(items).to_bytes(2, "big")
    for item in items:
        body += item.item_id.to_bytes(2, "big") + item.method.to_bytes(2, "big") + bytes(2)
        body += len(item.extents).to_bytes(2, "big")
        body += b"".join(at.to_bytes(4, "big") + size.to_bytes(4, "big") for at, size in item.extents)
    return _box(b"iloc", body)


def _with_infos(iinf: bytes, items: list[tuple[bytes, bytes, bytes]], first_id: int) -> bytes:
    wide = 4 if iinf[8] else 2
    count = int.from_bytes(iinf[12 : 12 + wide], "big") + len(items)
    added = b"".join(
        _box(b"infe", b"\x02\0\0\0" + (first_id + number).to_bytes(2, "big") + bytes(2) + kind + b"\0" + content)
        for number, (kind, content, _) in enumerate(items)
    )
    return _box(b"iinf", iinf[8:12] + count.to_bytes(wide, "big") + iinf[12 + wide :] + added)


def _with_references(iref: bytes | None, pitm: bytes, first_id: int, count: int) -> bytes:
    wide = 4 if iref and iref[8] else 2
    primary = int.from_bytes(pitm[12:], "big")
    added = b"".join(
        _box(b"cdsc", (first_id + number).to_bytes(wide, "big") + b"\0\x01" + primary.to_bytes(wide, "big"))
        for number in range(count)
    )
    return _box(b"iref", (iref[8:] if iref else bytes(4)) + added)


def _without_references(iref: bytes, gone: set[int]) -> bytes:
    wide = 4 if iref[8] else 2
    kept = [
        iref[at:stop]
        for _, at, stop in _boxes(iref, 12, len(iref))
        if int.from_bytes(iref[at + 8 : at + 8 + wide], "big") not in gone
    ]
    return _box(b"iref", iref[8:12] + b"".join(kept))


def _infos(iinf: bytes) -> list[tuple[int, bytes, bytes]]:
    """Id, type and box of each item."""
    found = []
    for _, at, stop in _boxes(iinf, 16 if iinf[8:9] > b"\0" else 14, len(iinf)):
        wide = 4 if iinf[at + 8] == 3 else 2
        item_id = int.from_bytes(iinf[at + 12 : at + 12 + wide], "big")
        found.append((item_id, iinf[at + 14 + wide : at + 18 + wide], iinf[at:stop]))
    return found
