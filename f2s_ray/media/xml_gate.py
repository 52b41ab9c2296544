"""XML of strangers to the same XML, or a refusal: no entities, no great size, depth or number of elements.

The parser is Python's expat, which fetches nothing; it is stopped at the first DOCTYPE, before any entity is declared.
"""

from xml.parsers import expat

from f2s_ray.errors import MediaError

__all__ = ["MAX_BYTES", "plain_xml"]

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_ELEMENTS = 200_000


def plain_xml(data: bytes, name: str) -> bytes:
    """The same document in UTF-8, once it is known to be harmless.

    Args:
        data: the bytes of the document, in any encoding that it declares.
        name: what to call it in errors.

    Raises:
        MediaError: ``too_large``, ``entities`` for a DOCTYPE, ``broken``.
    """
    if len(data) > MAX_BYTES:
        raise MediaError("too_large", f"{name}: {len(data)} bytes of XMP, at most {MAX_BYTES} are read")
    text = _utf8(data, name)
    guard = _Guard(name)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = guard.refuse
    parser.EntityDeclHandler = guard.refuse
    parser.StartElementHandler = guard.enter
    parser.EndElementHandler = guard.leave
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise MediaError("broken", f"{name}: no readable XML ({error}); write the sidecar again") from error
    return text


class _Guard:
    """Counts elements and their depth, and stops the parser."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = self._count = 0

    def refuse(self, *_: object) -> None:
        raise MediaError("entities", f"{self._name}: it has a DOCTYPE, and XMP has none; it is not read")

    def enter(self, *_: object) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise MediaError(
                "too_large", f"{self._name}: more than {MAX_DEPTH} levels or {MAX_ELEMENTS} elements of XML"
            )

    def leave(self, *_: object) -> None:
        self._depth -= 1


def _utf8(data: bytes, name: str) -> bytes:
    """Exiv2 knows a sidecar by its first letters, and those in UTF-8 only."""
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.rstrip(b"\0")
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise MediaError("broken", f"{name}: no readable UTF-16; write the sidecar again") from error
    head, end, rest = text.partition("?>")
    return (rest.lstrip() if end and head.startswith("<?xml ") else text).encode("utf-8")
