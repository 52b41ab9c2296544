"""What is said of the whole archive, however little of it is shown."""

import pytest
from f2s_catalog.records import Source

from f2s_ray.view.totals import read_totals, read_troubles


def told(archive, status, most=9):
    return read_troubles(archive.catalog(), status, most)


def test_all_results_faces_and_people_are_counted(full):
    full.add_film("film.mkv")
    totals = read_totals(full.catalog())
    assert (totals.picture_count, totals.photo_count, totals.film_count) == (6, 5, 1)
    assert (totals.failed_count, totals.skipped_count) == (1, 1)
    assert (totals.identity_count, totals.person_count) == (1, 1)
    assert (totals.face_count, totals.pasted_count) == (3, 2)
    assert totals.work_seconds == 8 * 1.5
    assert totals.models == ("scene@0123456789abcdef", "sface@0ba9fbfa01b5270c")


def test_nothing_is_all_zero(archive):
    totals = read_totals(archive.catalog())
    assert (totals.picture_count, totals.face_count, totals.person_count, totals.work_seconds) == (0, 0, 0, 0)
    assert totals.models == ()


def test_a_result_that_is_no_longer_listed_is_not_counted(full):
    full.records[:] = [r for r in full.records if not (type(r) is Source and r.path == "1984/astronaut.jpg")]
    totals = read_totals(full.catalog())
    assert (totals.picture_count, totals.face_count) == (4, 2)


@pytest.mark.parametrize("status", ["failed", "skipped"])
def test_a_file_that_has_a_result_is_neither_failed_nor_skipped(archive, status):
    archive.add_photo("a.jpg")
    archive.add_attempt("a.jpg", status, step="score", kind="memory", message="a.jpg needs more")
    totals = read_totals(archive.catalog())
    assert (totals.photo_count, totals.failed_count, totals.skipped_count) == (1, 0, 0)


def test_a_file_that_failed_once_and_was_skipped_once_is_failed(archive):
    archive.add_source("a.jpg")
    for status in ("failed", "skipped"):
        archive.add_attempt("a.jpg", status, step=f"step that {status}", kind="odd", message="a.jpg is odd")
    totals = read_totals(archive.catalog())
    assert (totals.failed_count, totals.skipped_count) == (1, 0)


def test_a_failure_of_a_file_that_is_gone_is_not_told(archive):
    archive.add_attempt("gone.jpg", "failed", kind="broken", message="gone.jpg is broken")
    assert told(archive, "failed").count == 0
    assert read_totals(archive.catalog()).work_seconds == 0


def test_a_failure_of_a_listed_file_is_told(archive):
    archive.add_source("bad.jpg")
    archive.add_attempt("bad.jpg", "failed", item_id="whatever", kind="broken", message="bad.jpg is broken")
    assert [(row.path, row.kind) for row in told(archive, "failed").rows] == [("bad.jpg", "broken")]


def test_of_a_file_that_was_replaced_only_the_latest_trouble_is_told(archive):
    archive.add_source("a.jpg")
    archive.add_attempt("a.jpg", "failed", step="split", kind="old", message="a.jpg was broken")
    archive.add_attempt("a.jpg", "failed", kind="new", message="a.jpg is broken again")
    archive.ledger[-1] = archive.ledger[-1].model_copy(update={"run_id": "run 2"})
    assert [row.kind for row in told(archive, "failed").rows] == ["new"]


def test_the_first_troubles_are_told_by_path_and_all_are_counted(archive):
    for number in (3, 1, 2):
        archive.add_source(f"{number}.txt")
        archive.add_attempt(f"{number}.txt", "skipped", kind="not_media", message="no picture")
    found = told(archive, "skipped", most=2)
    assert ([row.path for row in found.rows], found.count) == (["1.txt", "2.txt"], 3)
