"""A person's SQL over the catalog to an Arrow table: read-only, one line for each error."""

import re

import duckdb
import pyarrow as pa

from f2s_catalog.errors import QueryError
from f2s_catalog.nearest import nearest
from f2s_catalog.place import Place
from f2s_catalog.records import TABLES
from f2s_catalog.store import check_catalog, prove
from f2s_catalog.views import VIEWS, asked_again, connect, needed, refuse_rewritten, refuse_torn

__all__ = ["query"]

_UNKNOWN_TABLE = re.compile(r"Table with name \"?([^\s\"]+)\"? does not exist")
_UNKNOWN_COLUMN = re.compile(r"(?:Referenced column|does not have a column named) \"([^\"]+)\"")


@asked_again
def query(root: Place, sql: str) -> pa.Table:
    """Answer one SELECT over the views of an OUTPUT folder.

    Args:
        root: the OUTPUT folder.
        sql: one statement that only reads; it sees the views and nothing else of the machine.

    Raises:
        QueryError: no such table or column, not SQL, or not one reading statement.
        CatalogError: there is no catalog, or as ``scan`` says.
    """
    check_catalog(root)
    tables = needed(sql) or TABLES
    with connect(root, tables) as connection:
        try:
            statements = connection.extract_statements(sql)
            if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
                raise QueryError("a query is one SELECT statement; it cannot write, attach or set anything")
            return connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            refuse_rewritten(root, error)
            prove(root, tables)
            refuse_torn(root, error)
            with connect(root) as everything:
                raise QueryError(_explain(everything, str(error))) from error


def _explain(connection: duckdb.DuckDBPyConnection, message: str) -> str:
    """DuckDB's message in one line, with the nearest name that there is."""
    if unknown := _UNKNOWN_TABLE.search(message):
        names = sorted({kind.TABLE for kind in TABLES} | set(VIEWS))
        return f"there is no table {unknown[1]!r}; {nearest(unknown[1], names)}"
    if unknown := _UNKNOWN_COLUMN.search(message):
        return f"there is no column {unknown[1]!r} there; {_where(connection, unknown[1])}"
    line = message.strip().splitlines()[0]
    return f'{line}; write it as "references"' if 'near "references"' in line else line


def _where(connection: duckdb.DuckDBPyConnection, word: str) -> str:
    """The tables that have a column of this name, else the nearest name."""
    found = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND NOT starts_with(table_name, '_')"
    ).fetchall()
    tables = sorted({table for table, column in found if column == word.lower()})
    return f"it stands in {', '.join(tables)}" if tables else nearest(word, sorted({column for _, column in found}))
