"""Values and files to digests: the same input has the same name, on every machine and in every run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["digest", "file_digest"]

_ID_LENGTH = 32
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
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_ID_LENGTH]


def file_digest(path: Path) -> str:
    """SHA-256 of the bytes of a file, 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
