"""Records to Arrow tables and back; the schemas are derived from the annotations, so no type is written down twice."""

import types
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar, Union, get_args, get_origin

import pyarrow as pa

from f2s_catalog.records import Attempt, Record

__all__ = ["PROVENANCE", "from_table", "schema_of", "stored_schema", "to_table"]

R = TypeVar("R", bound=Record)

PROVENANCE: Mapping[str, tuple[pa.DataType, str]] = {
    "step": (pa.string(), "the step that made the row"),
    "item_id": (pa.string(), "the item it was made from; '*' for a reduction"),
    "fingerprint": (pa.string(), "of the attempt that made it"),
    "sequence": (pa.int64(), "number of the commit that wrote it; higher is newer"),
}
"""Columns that a stored row has besides the record's own: which attempt made it, and when in the order of commits."""

_SCALARS: Mapping[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


def schema_of(record_type: type[Record]) -> pa.Schema:
    """The Arrow schema of a record: its fields in their order, their descriptions and words as field metadata.

    Floats in tuples are float32 (vectors, boxes), single floats are float64; a fixed tuple is a fixed-size list.

    Raises:
        TypeError: a field has a type that has no column.
    """
    return pa.schema(_fields(record_type))


def stored_schema(record_type: type[Record]) -> pa.Schema:
    """The schema of the stored rows: the record's own columns, and of what a step made those of ``PROVENANCE`` that it lacks."""
    own = schema_of(record_type)
    if record_type.MADE == "said":
        return own
    for name, (kind, meaning) in PROVENANCE.items():
        if name not in own.names:
            own = own.append(pa.field(name, kind, nullable=False, metadata={"description": meaning}))
    return own


def to_table(record_type: type[R], records: Iterable[R]) -> pa.Table:
    """One row a record, in their order.

    Raises:
        pa.ArrowInvalid: a value does not fit its column (an integer beyond 64 bits, a string that is not Unicode).
    """
    return pa.Table.from_pylist([record.model_dump() for record in records], schema=schema_of(record_type))


def from_table(record_type: type[R], table: pa.Table) -> list[R]:
    """The records of a table that has exactly the record's columns.

    Raises:
        pydantic.ValidationError: the table was written for another version of the record.
    """
    return [record_type.model_validate(row) for row in table.to_pylist()]


def _fields(record_type: type[Record]) -> list[pa.Field]:
    fields = []
    for name, info in record_type.model_fields.items():
        kind, nullable = _column(info.annotation)
        metadata = {"description": info.description or ""}
        if words := _words(info.annotation):
            metadata["words"] = " ".join(words)
        fields.append(pa.field(name, kind, nullable=nullable, metadata=metadata))
    return fields


def _column(annotation: object) -> tuple[pa.DataType, bool]:
    """The column type of an annotation, and whether it may be null."""
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [kind for kind in get_args(annotation) if kind is not type(None)]
        if len(inner) == 1:
            return _hollow(_type(inner[0])), True
    return _type(annotation), False


def _hollow(kind: pa.DataType) -> pa.DataType:
    """A struct that may be null: then its parts are null, too."""
    return pa.struct([field.with_nullable(True) for field in kind]) if pa.types.is_struct(kind) else kind


def _words(annotation: object) -> tuple[str, ...]:
    """The words that a ``Literal`` of strings allows; none for another annotation."""
    words = get_args(annotation) if get_origin(annotation) is Literal else ()
    return words if all(isinstance(word, str) for word in words) else ()


def _type(annotation: object) -> pa.DataType:
    if isinstance(annotation, type) and annotation in _SCALARS:
        return _SCALARS[annotation]
    if _words(annotation):
        return pa.string()
    if get_origin(annotation) is tuple:
        return _list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Record) and annotation is not Attempt:
        return pa.struct(_fields(annotation))
    raise TypeError(f"{annotation} has no Arrow column; use str, int, float, bool, Literal words, a tuple or a Record")


def _list(arguments: tuple[object, ...]) -> pa.DataType:
    if set(arguments) == {float}:
        return pa.list_(pa.float32(), len(arguments))
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return pa.list_(pa.float32() if arguments[0] is float else _type(arguments[0]))
    raise TypeError(f"tuple{list(arguments)} has no Arrow column; use tuple[X, ...] or a fixed number of floats")
