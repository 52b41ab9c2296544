"""Somebody's faces to the codes of damage that they told, in whatever picture those are used."""

import hashlib
from collections.abc import Collection, Iterator, Set

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.cipher import read_fragment
from f2s_catalog.place import Place
from f2s_catalog.records import CodeEstimate, DegradationCode, RestoredMedia, Shot
from f2s_catalog.scrub import scrub
from f2s_catalog.storage import look
from f2s_catalog.store import fragments

__all__ = ["told_codes", "told_results", "without_codes"]


def told_codes(root: Place, face_ids: Set[str]) -> frozenset[str]:
    """Digests of all codes for which one of these faces voted, in current and in older rows."""
    found: set[str] = set()
    for path in fragments(root, CodeEstimate):
        table = read_fragment(path, CodeEstimate)
        left, count = scrub(CodeEstimate, table, face_ids)
        if count:
            found |= set(_digests(table)) - set(_digests(left))
    return frozenset(found - {_digest(())})


def without_codes(table: pa.Table, codes: Set[str]) -> tuple[pa.Table, int]:
    """Rows of ``degradations`` without those of these codes, be they read, borrowed or set; and how many went."""
    if not codes:
        return table, 0
    left = table.filter(pa.array([one not in codes for one in _digests(table)], pa.bool_()))
    return left, table.num_rows - left.num_rows


def told_results(root: Place, codes: Collection[str]) -> set[str]:
    """Paths below OUTPUT of results of pictures that have such a code now."""
    shots: set[str] = set()
    for path in fragments(root, DegradationCode)[-1:]:  # each commit replaces the table
        table = read_fragment(path, DegradationCode, ["shot_id", "code"])
        rows = zip(table["shot_id"].to_pylist(), _digests(table), strict=True)
        shots |= {shot_id for shot_id, one in rows if one in codes}
    media = _where(root, Shot, "shot_id", shots, "media_id")
    paths = _where(root, RestoredMedia, "media_id", media, "path")
    return {path for path in paths if look(root / path)}


def _where(root: Place, record_type: type[Shot | RestoredMedia], key: str, wanted: Set[str], column: str) -> set[str]:
    """The other column of rows with these keys."""
    keys = pa.array(sorted(wanted), pa.string())
    tables = [read_fragment(path, record_type, [key, column]) for path in fragments(root, record_type)]
    return {
        value for table in tables for value in table.filter(pc.is_in(table[key], value_set=keys))[column].to_pylist()
    }


def _digests(table: pa.Table) -> Iterator[str]:
    """Of the code of each row."""
    return (_digest(code) for code in table["code"].to_pylist())


def _digest(code: tuple[float, ...] | list[float]) -> str:
    values = pa.array(code, pa.float32()).buffers()[1] if code else b""
    return hashlib.sha256(bytes(values)[: 4 * len(code)]).hexdigest()
