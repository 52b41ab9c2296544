"""Values and files to digests: the same input has the same name, on every machine and in every run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["digest", "file_digest", "row_digests"]

_ID_LENGTH = 32
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def digest(*parts: Json) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of the parts as canonical JSON.

    Keys are sorted, floats stand as Python's ``repr``, lists and tuples are the same.

    Raises:
        ValueError: a float is not finite.
        TypeError: a part is no JSON value.

    >>> digest("a", 1.5, {"y": 1, "x": [2]}) == digest("a", 1.5, {"x": (2,), "y": 1})
    True
    >>> digest("a", "b") == digest("ab")
    False
    """
    return hashlib.sha256(_canonical(parts).encode("ascii")).hexdigest()[:_ID_LENGTH]


def row_digests(parts: Sequence[Json], columns: Mapping[str, Sequence[str | int | None]]) -> list[str]:
    """``digest(*parts, row)`` of each row of a table, some three times as fast.

    >>> row_digests(["probe"], {"b": ["\u00e4", None], "a": [1, 2]}) == [
    ...     digest("probe", {"a": 1, "b": "\u00e4"}), digest("probe", {"a": 2, "b": None})]
    True
    """
    begin = _canonical(parts)[:-1].encode("ascii") + b",{"
    names = sorted(columns)
    texts = [_canonical_each(columns[name]) for name in names]
    pattern = ",".join(f"{_canonical(name)}:%s" for name in names) + "}]"
    started = hashlib.sha256(begin)
    found = []
    for row in zip(*texts, strict=True):
        one = started.copy()
        one.update((pattern % row).encode("ascii"))
        found.append(one.hexdigest()[:_ID_LENGTH])
    return found


def _canonical_each(values: Sequence[str | int | None]) -> list[str]:
    """All in one call: what is put between them stands in none of them, where it is escaped."""
    return json.dumps(values, separators=("\n", ":"))[1:-1].split("\n") if values else []


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file, 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
