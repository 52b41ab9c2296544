"""The records to the data dictionary, in Markdown: ``python -m f2s_catalog.dictionary > catalog/README.md``."""

import sys
from collections.abc import Iterator

import pyarrow as pa

from f2s_catalog.arrow import PROVENANCE, schema_of
from f2s_catalog.find_terms import TERMS
from f2s_catalog.records import TABLES, Record
from f2s_catalog.views import VIEWS

__all__ = ["dictionary"]

_OPENING = """\
# What is known: the catalog

Generated from `f2s_catalog/records.py` by `python -m f2s_catalog.dictionary`; change it there.

The tables are plain Parquet files below `OUTPUT/catalog/<table>/`, those about faces and persons below
`OUTPUT/catalog/biometric/<table>/`, so that they can be locked away or erased. A commit adds a file, whose name has its
number and the digest of its footer; a file with two numbers has taken in all commits from the first to the last, and those
of them that still lie beside it are not to be read.
`f2s query OUTPUT "SELECT ..."` shows the current rows of each table under its name (`"references"` needs its quotes),
and the views at the end. OUTPUT may be `s3://BUCKET/PREFIX`.

## Which rows are current

Each stored row says which attempt made it:

{provenance}

A row is current when the latest attempt of its step at its item (the highest `number` in `attempts`) is `done` and has
the row's `fingerprint` and `sequence`. So what a crash, an older configuration or a damaged source left behind is not
seen, and no row is ever changed. Of current rows with one key the highest `sequence` counts. `attempts` shows the
latest attempt of each step at each item.

A file that went is found out: each file of `attempts` notes the one before it and what was written with it, and whoever
opens a table compares. The error names the way out: the file from a backup; or that file of `attempts` renamed to end in
`.lost`, which says that what it told of is to be done again.
"""

_ASKED = """\
## Questions

`f2s find OUTPUT 'QUERY'` asks in terms instead of SQL. All terms must hold, each for the medium as a whole; a minus in
front turns one round. Words without a term are looked for in the path. Quotes hold blanks together. `person:Ann|Ben` is
one of them, `person:"Ann & Ben"` both at the same time: in one photo, or in one film at overlapping times. A number is
compared (`faces:>=3`), given (`faces:2`) or a range (`1..3`, `..3`, `1..`) whose ends count.
"""


def dictionary() -> str:
    """The whole text of ``catalog/README.md``."""
    rows = [f"| `{name}` | {kind} | {meaning} |" for name, (kind, meaning) in PROVENANCE.items()]
    opening = _OPENING.format(provenance="\n".join(["| column | type | meaning |", "|---|---|---|", *rows]))
    tables = [_table(record_type) for record_type in TABLES]
    views = [f"| `{name}` | {meaning} |" for name, (meaning, _) in VIEWS.items()]
    terms = [f"| `{example}` | {meaning} |" for example, meaning in TERMS.values()]
    besides = ["## Views besides\n", "| view | shows |", "|---|---|", *views, ""]
    asked = [_ASKED, "| term | asks |", "|---|---|", *terms, ""]
    return "\n".join([opening, *tables, *besides, *asked])


def _table(record_type: type[Record]) -> str:
    place = f"biometric/{record_type.TABLE}" if record_type.BIOMETRIC else record_type.TABLE
    key = ", ".join(f"`{name}`" for name in record_type.KEY)
    head = [f"## {record_type.TABLE}\n", f"{record_type.__doc__} In `catalog/{place}/`, one row for each {key}.\n"]
    return "\n".join([*head, "| column | type | meaning |", "|---|---|---|", *_rows(schema_of(record_type), ""), ""])


def _rows(fields: pa.Schema | pa.StructType, prefix: str) -> Iterator[str]:
    """A line a column; the columns of a list of structs follow it with its name in front."""
    for field in fields:
        kind = f"{_kind(field)} or null" if field.nullable else _kind(field)
        yield f"| `{prefix}{field.name}` | {kind} | {field.metadata[b'description'].decode()} |"
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            yield from _rows(field.type.value_type, f"{prefix}{field.name}[].")


def _kind(field: pa.Field) -> str:
    kind = field.type
    if b"words" in field.metadata:
        return field.metadata[b"words"].decode()
    if pa.types.is_fixed_size_list(kind):
        return f"{kind.list_size} x {kind.value_type}"
    if pa.types.is_list(kind):
        return "list of structs" if pa.types.is_struct(kind.value_type) else f"list of {kind.value_type}"
    return str(kind)


if __name__ == "__main__":
    sys.stdout.write(dictionary())
