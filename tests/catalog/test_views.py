import duckdb
import pytest
from f2s_catalog import views
from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase import rewrite
from f2s_catalog.errors import CatalogError
from f2s_catalog.find import find
from f2s_catalog.ledger import Catalog
from f2s_catalog.query import query
from f2s_catalog.records import Attempt, MediaItem, Shot, Source
from f2s_catalog.store import fragments
from f2s_catalog.views import connect

from tests.catalog.made import outcome, source
from tests.flows.said_archive import medium


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


def rewriting(monkeypatch, times):
    """As many times as said, the sources lose their last row between the listing of the table and the reading of it."""
    left, scanned = [None] * times, views.scan

    def scan(root, record_type, sequences=None):
        dataset = scanned(root, record_type, sequences)
        if record_type is Source and left:
            left.pop()
            (path,) = fragments(root, Source)
            table = read_fragment(path, Source)
            rewrite(root, Source, path, table.slice(0, table.num_rows - 1))
        return dataset

    monkeypatch.setattr(views, "scan", scan)


ASKING = {
    "rows": lambda root: [row.path for row in Catalog(root).rows(Source)],
    "a query": lambda root: query(root, "SELECT path FROM sources ORDER BY path")["path"].to_pylist(),
    "a question": lambda root: [found.path for found in find(root, "kind:photo")],
}


@pytest.mark.parametrize("asking", ASKING)
def test_what_is_rewritten_while_it_is_read_is_read_again(tmp_path, monkeypatch, asking):
    listed = [source(f"{number:02}") for number in range(30)]
    Catalog(tmp_path).commit((Source,), [outcome("*", *listed)])
    media = [outcome(one.path, medium(one.path, path=one.path)) for one in listed]
    Catalog(tmp_path).commit((MediaItem,), media)
    rewriting(monkeypatch, 1)
    assert ASKING[asking](tmp_path) == [one.path for one in listed[:29]]
    rewriting(monkeypatch, 9)
    with pytest.raises(CatalogError, match=r"was rewritten while it was read.*ask again") as raised:
        ASKING[asking](tmp_path)
    assert "\n" not in str(raised.value)
