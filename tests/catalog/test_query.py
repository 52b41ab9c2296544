import shutil

import pytest
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.ledger import Catalog
from f2s_catalog.query import query
from f2s_catalog.records import (
    TABLES,
    Attempt,
    DegradationCode,
    Face,
    MediaItem,
    RestoredMedia,
    RestoredSegment,
    Source,
)
from f2s_catalog.store import fragments
from f2s_catalog.views import VIEWS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalog.made import face, failed, outcome, shot, source
from tests.catalog.test_arrow import records_of


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.commit((Source, Face), [outcome("*", source("a"), source("b"), face(0), face(1)), failed("broken")])
    catalog.commit((Source, Face), [outcome("*", source("b"), face(1), fingerprint="f2", number=2)])
    return catalog


def test_a_view_has_the_rows_that_the_records_have(catalog):
    for record_type in TABLES:
        answer = query(catalog.root, f'SELECT * FROM "{record_type.TABLE}"').to_pylist()
        assert [record_type.model_validate(row) for row in answer] == catalog.rows(record_type)
    assert query(catalog.root, "SELECT path FROM sources").to_pylist() == [{"path": "b"}]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(record=records_of(RestoredSegment))
def test_lists_of_structs_come_through_sql_as_they_were(tmp_path_factory, record):
    root = tmp_path_factory.mktemp("output")
    Catalog(root).commit((type(record),), [outcome("t", record)])
    assert Catalog(root).rows(type(record)) == [record]


def test_failures_say_what_and_why(catalog):
    catalog.commit((Source,), [outcome("*", source("broken.jpg"), step="list")])
    (row,) = query(catalog.root, "SELECT * FROM failures").to_pylist()
    assert (row["step"], row["path"], row["error_kind"], row["message"]) == (
        "probe",
        "broken.jpg",
        "broken",
        "broken: broken",
    )


def test_every_view_can_be_asked_and_shows_no_vector(catalog):
    for name in VIEWS:
        columns = query(catalog.root, f"SELECT * FROM {name}").column_names
        assert columns
        assert not {"code", "signature", "embedding"} & set(columns)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_codes_and_restorations_name_the_picture(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("output")
    cut = shot(0)
    media = data.draw(records_of(MediaItem)).model_copy(update={"media_id": "m", "path": "a/b.jpg"})
    code = data.draw(records_of(DegradationCode)).model_copy(update={"shot_id": cut.shot_id})
    segment = data.draw(records_of(RestoredSegment)).model_copy(update={"media_id": "m", "task_id": "t"})
    result = {"media_id": "m", "task_id": "t", "path": "restored/a/b.jpg"}
    restored = data.draw(records_of(RestoredMedia)).model_copy(update=result)
    made = (media, cut, code, segment, restored)
    Catalog(root).commit([type(record) for record in made], [outcome("*", *made)])
    assert query(root, "SELECT path, origin FROM codes").to_pylist() == [{"path": "a/b.jpg", "origin": code.origin}]
    (row,) = query(root, "SELECT path, result_path, gates FROM restorations").to_pylist()
    assert (row["path"], row["result_path"], len(row["gates"])) == ("a/b.jpg", "restored/a/b.jpg", len(segment.gates))


def test_without_the_biometric_folder_its_tables_are_empty(catalog):
    shutil.rmtree(catalog.root / "catalog" / "biometric")
    assert query(catalog.root, "SELECT count(*) AS n FROM faces").to_pylist() == [{"n": 0}]
    assert query(catalog.root, "SELECT count(*) AS n FROM sources").to_pylist() == [{"n": 1}]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM suorces", "no table 'suorces'; the nearest is 'sources'"),
        ("SELECT pth FROM sources", "no column 'pth' there; the nearest is 'path'"),
        ("SELECT yaw_degrees FROM media", "no column 'yaw_degrees' there; it stands in faces"),
        ("SELECT s.pth FROM sources s", "no column 'pth' there; the nearest is 'path'"),
        ("SELECT * FROM qqqqqq", "there are about, appearances, attempts, codes, "),
        ("SELECT FROM WHERE", "syntax error"),
        ("SELECT * FROM references", 'write it as "references"'),
        ("", "one SELECT statement"),
        ("SELECT 1; SELECT 2", "one SELECT statement"),
        ("DROP VIEW media", "one SELECT statement"),
        ("INSERT INTO media SELECT * FROM media", "one SELECT statement"),
        ("SET enable_external_access = true", "one SELECT statement"),
        ("SELECT 1 / 'x'", "Conversion Error"),
    ],
)
def test_a_wrong_query_is_one_line_that_helps(catalog, sql, words):
    with pytest.raises(QueryError) as caught:
        query(catalog.root, sql)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}', header = false)",
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{file}')",
        "SELECT * FROM parquet_metadata('{fragment}')",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "ATTACH '{folder}/out.db'",
        "INSTALL httpfs",
        "SELECT * FROM secret_rows",
        "EXPORT DATABASE '{folder}/out'",
    ],
)
def test_a_query_reaches_no_file_and_no_variable(catalog, tmp_path_factory, sql):
    folder = tmp_path_factory.mktemp("outside")
    file = folder / "secret.csv"
    file.write_text("1,2\n")
    secret_rows = catalog.table(Source)
    assert secret_rows.num_rows
    (fragment, *_) = fragments(catalog.root, Source)
    with pytest.raises(QueryError):
        query(catalog.root, sql.format(file=file, folder=folder, fragment=fragment))
    assert [path.name for path in folder.iterdir()] == ["secret.csv"]


def test_a_folder_without_a_catalog_is_named(tmp_path):
    with pytest.raises(CatalogError, match="no catalog in"):
        query(tmp_path, "SELECT 1")


def test_damage_is_told_apart_from_a_wrong_query(catalog):
    path = fragments(catalog.root, Face)[-1]
    whole = path.read_bytes()
    for spoilt in (whole[:-30], whole[:150] + bytes([whole[150] ^ 1]) + whole[151:]):
        path.write_bytes(spoilt)
        with pytest.raises(CatalogError, match=f"{path} is damaged"):
            query(catalog.root, "SELECT * FROM faces")


def test_damage_to_the_ledger_is_told_by_whatever_is_asked(catalog):
    path = fragments(catalog.root, Attempt)[-1]
    whole = path.read_bytes()
    path.write_bytes(whole[:150] + bytes([whole[150] ^ 1]) + whole[151:])
    for sql in ("SELECT * FROM attempts", "SELECT * FROM sources", "SELECT * FROM failures"):
        with pytest.raises(CatalogError, match=f"{path} is damaged"):
            query(catalog.root, sql)
    for ask in (catalog.attempts, lambda: catalog.rows(Source), lambda: catalog.version(Source)):
        with pytest.raises(CatalogError, match=f"{path} is damaged"):
            ask()
