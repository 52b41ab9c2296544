"""An answer to a file of its own: CSV, JSON lines or Parquet, by the ending of its name."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from f2s_catalog.errors import QueryError

__all__ = ["ENDINGS", "export"]

ENDINGS = (".csv", ".json", ".parquet")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(table: pa.Table, path: Path) -> None:
    """Write aside, then give it its name; a file that is there is replaced.

    In CSV lists and structs stand as JSON, null is empty, and a text that a spreadsheet would run as a formula gets an
    apostrophe in front.

    Raises:
        QueryError: another ending, or the file cannot be written.
    """
    if path.suffix.lower() not in ENDINGS:
        raise QueryError(f"{path} ends in none of {', '.join(ENDINGS)}; name the file so")
    aside = path.with_name(f".{path.name}.tmp")
    try:
        aside.write_bytes(_content(table, path.suffix.lower()))
        aside.replace(path)
    except OSError as error:
        raise QueryError(f"cannot write {path}: {error.strerror}; name a file in a folder that is there") from error


def _content(table: pa.Table, ending: str) -> bytes:
    if ending == ".parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue().to_pybytes()
    rows = table.to_pylist()
    if ending == ".json":
        return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(table.column_names)
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """A value as a cell.

    >>> _cell("=1+1"), _cell([1, 2]), _cell(-1.5), _cell(None)
    ("'=1+1", '[1, 2]', -1.5, None)
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value
