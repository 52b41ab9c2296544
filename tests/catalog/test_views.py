import duckdb
import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, Shot, Source
from f2s_catalog.views import connect

from tests.catalog.made import outcome, source


def test_only_the_tables_that_are_asked_for_are_opened(tmp_path):
    Catalog(tmp_path).commit((Source,), [outcome("*", source("a"))])
    with connect(tmp_path, (Source,)) as connection:
        assert connection.sql("SELECT path FROM sources").fetchall() == [("a",)]
        with pytest.raises(duckdb.CatalogException):
            connection.sql(f"SELECT * FROM {Shot.TABLE}")


def test_the_ledger_is_always_there(tmp_path):
    with connect(tmp_path, ()) as connection:
        assert connection.sql(f"SELECT count(*) FROM {Attempt.TABLE}").fetchall() == [(0,)]


def test_a_reader_sees_whole_commits_while_another_writes(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.commit((Source,), [outcome("*", source("a"))])
    with connect(tmp_path) as connection:
        catalog.commit((Source,), [outcome("*", source("b"), fingerprint="f2", number=2)])
        assert connection.sql("SELECT path FROM sources").fetchall() == [("a",)]
    assert [row.path for row in catalog.rows(Source)] == ["b"]


def test_the_door_cannot_be_opened_again(tmp_path):
    with connect(tmp_path) as connection, pytest.raises(duckdb.Error, match="locked"):
        connection.execute("SET enable_external_access = true")
