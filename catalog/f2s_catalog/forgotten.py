"""Names of people who were erased to digests by which a reader of names knows them, and passes them over.

A name can be guessed: who has the table and a list of names may try them, slowly. So the digest is dear to reckon, and
nothing tells whose it is.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence

from f2s_catalog.records import Erasure
from f2s_catalog.spelled import folded

__all__ = ["Forgotten", "name_digests", "new_salt"]

_COST = {"n": 1 << 12, "r": 8, "p": 1, "dklen": 16}  # 4 MiB and some 10 ms a name


def new_salt() -> str:
    """16 random bytes in hexadecimal. One serves a whole archive: then a name is reckoned once, however many are erased."""
    return secrets.token_hex(16)


def name_digests(names: Iterable[str], salt: str) -> tuple[str, ...]:
    """Of each name the scrypt, of names that a reader takes for one the same; sorted."""
    return tuple(sorted({_digest(folded(name), salt) for name in names}))


class Forgotten:
    """The names that no reader takes over; what people say themselves is another matter.

    Args:
        erasures: all that are remembered.
    """

    def __init__(self, erasures: Sequence[Erasure]) -> None:
        self._known = {(row.name_salt, digest) for row in erasures for digest in row.name_digests}
        self._salts = {salt for salt, _ in self._known}
        self._answers: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        """Whether somebody who was erased was called so, and nobody else was at that time."""
        key = folded(name)
        if key not in self._answers:
            self._answers[key] = any((salt, _digest(key, salt)) in self._known for salt in self._salts)
        return self._answers[key]


def _digest(name: str, salt: str) -> str:
    return hashlib.scrypt(name.encode(), salt=bytes.fromhex(salt), **_COST).hex()
