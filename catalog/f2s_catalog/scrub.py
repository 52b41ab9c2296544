"""A stored table to the same table without some people: without their rows, and without their ids in other rows."""

from collections.abc import Set
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.records import CodeEstimate, Identity, Record, TrackGate

__all__ = ["scrub", "without_results"]

_ROW_OF = ("face_id", "identity_id", "other_id", "primary_face_id")
_PART_OF = ("face_id", "identity_id")
_MADE_OF = {CodeEstimate, Identity, TrackGate}
"""Tables whose rows speak of all the faces in them at once, so that a row cannot lose one."""
_EMPTY_SAYS_NOTHING = {"confirm", "reject", "primary"}


def scrub(record_type: type[Record], table: pa.Table, gone: Set[str]) -> tuple[pa.Table, int]:
    """The table without what speaks of faces and identities that are gone; the same object where nothing does.

    A row about one of them goes. In other rows they go from every list; what else pointed to one is null.

    Args:
        record_type: what the rows are.
        table: stored rows, whatever columns they have besides.
        gone: ids of faces and identities.

    Returns:
        the table, and how many rows were removed or changed.
    """
    ids = pa.array(sorted(gone), pa.string())
    touched = [name for name in table.column_names if _speaks(table[name], ids)]
    if not touched:
        return table, 0
    before = table
    keep = pa.array([True] * table.num_rows)
    for name in touched:
        keep = pc.and_(keep, pc.invert(_about(record_type, name, table[name], ids)))
    table = table.filter(keep)
    changed = 0
    for name in touched:
        if not table.num_rows or not _speaks(table[name], ids):
            continue
        values = table[name].to_pylist()
        clean = [_without(value, gone) for value in values]
        changed = max(changed, sum(one != other for one, other in zip(values, clean, strict=True)))
        table = table.set_column(
            table.schema.get_field_index(name), table.schema.field(name), pa.array(clean, table[name].type)
        )
        if name == "faces" and "kind" in table.column_names:
            emptied = [bool(value) and not left for value, left in zip(values, clean, strict=True)]
            mute = [kind in _EMPTY_SAYS_NOTHING for kind in table["kind"].to_pylist()]
            table = table.filter(
                pa.array([not (one and other) for one, other in zip(emptied, mute, strict=True)], pa.bool_())
            )
    return table, before.num_rows - table.num_rows + changed


def without_results(table: pa.Table, media_ids: Set[str]) -> tuple[pa.Table, int]:
    """Rows of ``restored`` without those of media whose results bear names: a digest of a name can be guessed."""
    gone = pc.and_(
        pc.is_in(table["media_id"], value_set=pa.array(sorted(media_ids), pa.string())),
        pc.not_equal(table["names_digest"], ""),
    )
    left = table.filter(pc.invert(gone))
    return left, table.num_rows - left.num_rows


def _speaks(column: pa.ChunkedArray, ids: pa.Array) -> bool:
    return any(pc.any(pc.is_in(leaf, value_set=ids)).as_py() for chunk in column.chunks for leaf in _strings(chunk))


def _strings(array: pa.Array) -> list[pa.Array]:
    """All strings inside an array, whatever they are nested in."""
    if pa.types.is_string(array.type):
        return [array]
    if pa.types.is_list(array.type):
        return _strings(array.flatten())
    if pa.types.is_struct(array.type):
        return [leaf for part in array.flatten() for leaf in _strings(part)]
    return []


def _about(record_type: type[Record], name: str, column: pa.ChunkedArray, ids: pa.Array) -> pa.Array:
    """Which rows go because of this column."""
    count = len(column)
    if name in _ROW_OF:
        return pc.is_in(column, value_set=ids).combine_chunks()
    if record_type in _MADE_OF and name == "face_ids":
        lists = column.combine_chunks()
        hit = pc.is_in(lists.flatten(), value_set=ids)
        rows = pc.unique(lists.value_parent_indices().filter(hit)).cast(pa.int64())
        return pc.is_in(pa.array(range(count), pa.int64()), value_set=rows)
    if record_type in _MADE_OF and pa.types.is_struct(column.type):
        parts = column.combine_chunks()
        about = [pc.is_in(parts.field(part), value_set=ids) for part in _PART_OF]
        return pc.or_(*about)
    return pa.array([False] * count, pa.bool_())


def _without(value: Any, gone: Set[str]) -> Any:  # noqa: ANN401 (a cell may be anything)
    if isinstance(value, str):
        return None if value in gone else value
    if isinstance(value, list):
        return [_without(part, gone) for part in value if not _is_gone(part, gone)]
    if isinstance(value, dict):
        return {name: _without(part, gone) for name, part in value.items()}
    return value


def _is_gone(part: Any, gone: Set[str]) -> bool:  # noqa: ANN401
    if isinstance(part, dict):
        return any(part.get(name) in gone for name in _PART_OF)
    return part in gone if isinstance(part, str) else False
