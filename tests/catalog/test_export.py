import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from f2s_catalog.errors import QueryError
from f2s_catalog.export import export

TABLE = pa.table({"path": ['a, "b".jpg', "=cmd()", None], "faces": [[1, 2], [], None], "noise": [0.5, -1.0, None]})


def test_parquet_and_json_hold_the_rows_as_they_are(tmp_path):
    export(TABLE, tmp_path / "a.parquet")
    assert pq.read_table(tmp_path / "a.parquet").equals(TABLE)
    export(TABLE, tmp_path / "a.json")
    assert [json.loads(line) for line in (tmp_path / "a.json").read_text().splitlines()] == TABLE.to_pylist()


def test_csv_is_read_back_and_starts_no_formula(tmp_path):
    export(TABLE, tmp_path / "a.CSV")
    head, *rows = csv.reader((tmp_path / "a.CSV").open(newline=""))
    assert head == ["path", "faces", "noise"]
    assert rows == [['a, "b".jpg', "[1, 2]", "0.5"], ["'=cmd()", "[]", "-1.0"], ["", "", ""]]


def test_a_file_is_replaced_whole_and_nothing_is_left_aside(tmp_path):
    (tmp_path / "a.csv").write_text("old")
    export(TABLE, tmp_path / "a.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert "old" not in (tmp_path / "a.csv").read_text()


@pytest.mark.parametrize(
    ("name", "words"), [("a.xls", "ends in none of .csv, .json, .parquet"), ("none/a.csv", "cannot write")]
)
def test_what_cannot_be_written_is_one_line(tmp_path, name, words):
    with pytest.raises(QueryError, match=words) as caught:
        export(TABLE, tmp_path / name)
    assert "\n" not in str(caught.value)
