"""XML of strangers to the same XML, or a refusal: no entities, no great size, depth or number of things in it.

The parser is Python's expat, which fetches nothing; it is stopped at the first DOCTYPE, before any entity is declared.
The toolkit that reads the XMP afterwards looks for each property among all: 50,000 of them take it 12 seconds, so there
is a bound. Members of lists are not looked for, and an edited photo may have many.
"""

from xml.parsers import expat

from f2s_ray.errors import MediaError

__all__ = ["MAX_BYTES", "plain_xml"]

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_PROPERTIES = 20_000
MAX_MEMBERS = 500_000
MAX_NAMESPACES = 1_000
_MEMBER = "http://www.w3.org/1999/02/22-rdf-syntax-ns# li"


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
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = guard.refuse
    parser.EntityDeclHandler = guard.refuse
    parser.StartNamespaceDeclHandler = guard.declare
    parser.StartElementHandler = guard.enter
    parser.EndElementHandler = guard.leave
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise MediaError("broken", f"{name}: no readable XML ({error}); write the sidecar again") from error
    return text


class _Guard:
    """Counts what a document holds and how deep it goes, and stops the parser."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = self._properties = self._members = self._namespaces = 0

    def refuse(self, *_: object) -> None:
        raise MediaError("entities", f"{self._name}: it has a DOCTYPE, and XMP has none; it is not read")

    def declare(self, *_: object) -> None:
        self._namespaces += 1
        self._bound(self._namespaces, MAX_NAMESPACES, "namespaces")

    def enter(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._members += element == _MEMBER
        self._properties += (element != _MEMBER) + len(attributes)
        self._bound(self._depth, MAX_DEPTH, "levels")
        self._bound(self._members, MAX_MEMBERS, "members of lists")
        self._bound(self._properties, MAX_PROPERTIES, "properties")

    def _bound(self, count: int, most: int, what: str) -> None:
        if count > most:
            raise MediaError("too_large", f"{self._name}: more than {most} {what} of XML; it is not read")

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
