"""The checker finds each kind of harm, and nothing in what is well."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.faults.checker import Seen, torn, violations

DONE = (1, "9 done, 3 failed, 0 pending\n")


@dataclass(frozen=True)
class Place:
    """INPUT and OUTPUT, to be harmed."""

    source: Path
    output: Path
    before: dict[str, str]

    def found(self, ended=DONE) -> list[str]:
        return violations(dict(self.before), Seen.folder(self.source), Seen.folder(self.output), ended)

    def attempts(self, change) -> None:
        """Add a commit with the latest rows of which something was changed."""
        parts = sorted((self.output / "catalog/attempts").glob("*.parquet"))
        rows = change([row for part in parts for row in pq.read_table(part).to_pylist()])
        table = pa.Table.from_pylist(rows, pq.read_schema(parts[0]))
        pq.write_table(table, self.output / "catalog/attempts/part-99999999999999-x.parquet")


@pytest.fixture
def place(calm, tmp_path):
    shutil.copytree(calm.command.source, tmp_path / "in")
    shutil.copytree(calm.command.output, tmp_path / "out")
    return Place(tmp_path / "in", tmp_path / "out", dict(calm.before))


@pytest.fixture
def result(place) -> Path:
    return place.output / "restored/scans/grey.jpg"


def test_nothing_is_wrong_with_an_undisturbed_run(place, calm):
    assert place.found() == []
    assert torn(calm.tree, Seen.folder(place.output)) == []


def test_a_file_without_a_row_is_found(place):
    (place.source / "late.jpg").write_bytes(b"late")
    found = violations({**place.before, "late.jpg": ""}, Seen.folder(place.source), Seen.folder(place.output), DONE)
    assert "I1 late.jpg: restored False, trouble None" in found


def test_a_row_without_a_file_is_found(place):
    del place.before["scans/grey.jpg"]
    assert "I1 scans/grey.jpg is no file of INPUT" in place.found()


def test_a_result_of_what_failed_is_found(place):
    def fail(rows):
        (row,) = [row for row in rows if row["step"] == "assemble" and row["path"] == "scans/grey.jpg"]
        return [row | {"step": "score", "status": "failed", "number": 99}]

    place.attempts(fail)
    assert "I1 scans/grey.jpg: restored True, trouble failed" in place.found()


def test_two_results_of_one_file_are_found(place):
    (part,) = (place.output / "catalog/restored").glob("*.parquet")
    rows = pq.read_table(part)
    other = rows.set_column(rows.schema.get_field_index("digest"), "digest", pa.array(["other"] * rows.num_rows))
    pq.write_table(other, part.with_name("part-99999999999999-x.parquet"))
    assert "I1 scans/grey.jpg has 2 results" in place.found()


def test_a_result_that_is_gone_is_found(place, result):
    result.unlink()
    assert place.found() == ["I2 scans/grey.jpg: its result is gone or has other bytes"]


def test_a_result_with_another_bit_is_found(place, result, calm):
    content = bytearray(result.read_bytes())
    content[len(content) // 2] ^= 1
    result.write_bytes(content)
    assert place.found() == ["I2 scans/grey.jpg: its result is gone or has other bytes"]
    assert torn(calm.tree, Seen.folder(place.output)) == ["I2 restored/scans/grey.jpg"]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("restored/scans/other.jpg", "has no row"),
        ("work/making-1.jpg", "is left"),
        ("catalog/media/.part-1.tmp", "is left"),
    ],
)
def test_what_lies_about_is_found(place, path, what):
    (place.output / path).parent.mkdir(parents=True, exist_ok=True)
    (place.output / path).write_bytes(b"x")
    assert place.found() == [f"I3 {path} {what}"]


@pytest.mark.parametrize("harm", ["other bytes", "gone", "added"])
def test_an_input_that_was_touched_is_found(place, harm):
    path = "page.jpg" if harm != "added" else "added.jpg"
    (place.source / path).unlink(missing_ok=True)
    if harm != "gone":
        (place.source / path).write_bytes(b"<html></htm1>")
    assert set(place.found()) == {f"I4 {path} differs"}


def test_an_input_that_was_only_looked_at_is_not(place):
    os.utime(place.source / "page.jpg")
    assert place.found() == []


@pytest.mark.parametrize(
    "ended",
    [
        (0, DONE[1]),
        (3, DONE[1]),
        (1, "8 done, 3 failed, 0 pending\n"),
        (1, "9 done, 2 failed, 1 pending\n"),
        (1, "9 done, 3 failed, 0 pending\nand more\n"),
        (1, ""),
    ],
)
def test_a_code_or_a_last_line_that_says_something_else_is_found(place, ended):
    (found,) = place.found(ended)
    assert found.startswith(f"I5 code {ended[0]}")


def test_a_fragment_that_is_not_whole_is_found(place, calm):
    part = next((place.output / "catalog/media").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-9])
    (found,) = torn(calm.tree, Seen.folder(place.output))
    assert found.startswith(f"I3 catalog/media/{part.name}")
