"""Columns to the tables of a made OUTPUT, with the attempts that made their rows, as the steps of a flow leave them."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from f2s_catalog.arrow import schema_of, stored_schema
from f2s_catalog.records import (
    Attempt,
    CodeEstimate,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    QualityReport,
    Record,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Sighting,
    Source,
    TrackGate,
)
from f2s_catalog.store import write_fragment

__all__ = ["MadeTables", "inner", "structs"]

_STEPS: Mapping[type[Record], str] = {
    Source: "list",
    MediaItem: "probe",
    Shot: "split",
    Face: "detect",
    Identity: "identify",
    ReferenceSet: "gather",
    Sighting: "sight",
    CodeEstimate: "estimate",
    DegradationCode: "borrow",
    TrackGate: "judge",
    RestoreTask: "plan",
    RestoredSegment: "restore",
    RestoredMedia: "assemble",
    QualityReport: "score",
}


class MadeTables:
    """Writes one table after the other, each as one commit.

    Args:
        output: the OUTPUT folder.
        paths: the items that steps work on, below INPUT.
    """

    def __init__(self, output: Path, paths: Sequence[str]) -> None:
        self._output, self._paths, self._sequence = output, paths, 0

    def write(
        self,
        record_type: type[Record],
        columns: Mapping[str, object],
        items: Sequence[str] | pa.Array | None = None,
        failed: Collection[str] = (),
        fingerprints: Sequence[str] = ("made",),
    ) -> None:
        """Append a table; what is not given is null, or nothing of its kind.

        Args:
            record_type: the table.
            columns: its columns.
            items: for each row the path it was made from; where not given one reduction made them all.
            failed: paths that have an attempt without rows.
            fingerprints: of the attempts, where each row is an item, or of all of them.
        """
        self._sequence += 1
        schema, count = stored_schema(record_type), len(next(iter(columns.values())))  # type: ignore[arg-type]
        step = _STEPS.get(record_type, "")
        made = {"step": [step] * count, "item_id": ["*"] * count if items is None else items}
        prints = list(fingerprints) if len(fingerprints) == count else list(fingerprints) * count
        made |= {"fingerprint": prints, "sequence": [self._sequence] * count}
        arrays = [_column({**made, **columns}.get(field.name), field, count) for field in schema]
        write_fragment(self._output, record_type, pa.table(arrays, schema=schema), self._sequence)
        if step:
            tried = ["*"] if items is None else items if len(fingerprints) > 1 else self._paths
            self._tried(step, tried, set(failed), fingerprints)

    def _tried(self, step: str, items: Sequence[str], failed: Collection[str], fingerprints: Sequence[str]) -> None:
        count, schema = len(items), stored_schema(Attempt)
        prints = list(fingerprints) if len(fingerprints) == count else list(fingerprints) * count
        columns: dict[str, object] = {"step": [step] * count, "item_id": items, "fingerprint": prints}
        columns |= {"path": ["" if item == "*" else item for item in items], "run_id": ["made"] * count}
        columns |= {"status": ["failed" if item in failed else "done" for item in items], "number": [1] * count}
        columns |= {"error_kind": ["memory" if item in failed else None for item in items]}
        columns |= {"message": [f"{item} needs 9.1 GB; give it more" if item in failed else None for item in items]}
        columns |= {"elapsed_seconds": [0.1] * count, "sequence": [self._sequence] * count}
        arrays = [_column(columns.get(field.name), field, count) for field in schema]
        write_fragment(self._output, Attempt, pa.table(arrays, schema=schema), self._sequence)


def inner(record_type: type[Record], name: str) -> pa.StructType:
    """The type of what stands in a column of a record, or in its lists."""
    kind = schema_of(record_type).field(name).type
    return kind if pa.types.is_struct(kind) else kind.value_type


def structs(kind: pa.StructType, columns: Mapping[str, object], missing: np.ndarray | None = None) -> pa.StructArray:
    """Columns to structs, null where ``missing``; what is not given is null, or nothing of its kind."""
    count = len(next(iter(columns.values())))  # type: ignore[arg-type]
    arrays = [_column(columns.get(field.name), field, count) for field in kind]
    return pa.StructArray.from_arrays(arrays, fields=list(kind), mask=None if missing is None else pa.array(missing))


def _column(values: object, field: pa.Field, count: int) -> pa.Array:
    if values is None and field.nullable:
        return pa.nulls(count, field.type)
    if values is None:
        nothing: object = False if pa.types.is_boolean(field.type) else 0
        nothing = [0] * field.type.list_size if pa.types.is_fixed_size_list(field.type) else nothing
        nothing = [] if pa.types.is_list(field.type) else "" if pa.types.is_string(field.type) else nothing
        return pa.array([nothing] * count, field.type)
    return values.cast(field.type) if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, field.type)
