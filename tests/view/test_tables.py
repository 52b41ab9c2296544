"""Which rows still speak of the archive."""

from f2s_catalog.records import Face

from f2s_ray.view.tables import read_tables


def test_a_failure_of_a_file_that_is_gone_is_not_told(archive):
    archive.add_attempt("gone.jpg", "failed", kind="broken", message="gone.jpg is broken")
    assert read_tables(archive.catalog).attempts == ()


def test_a_failure_of_earlier_bytes_of_a_restored_file_is_not_told(archive):
    archive.add_photo("a.jpg")
    archive.add_attempt("a.jpg", "failed", item_id="m-of-the-old-bytes", step="restore")
    archive.add_attempt("a.jpg", "failed", item_id="m0", step="score")
    assert [a.step for a in read_tables(archive.catalog).attempts if a.status == "failed"] == ["score"]


def test_a_failure_of_a_listed_file_is_told(archive):
    archive.add_source("bad.jpg")
    archive.add_attempt("bad.jpg", "failed", item_id="whatever", kind="broken", message="bad.jpg is broken")
    assert [a.path for a in read_tables(archive.catalog).attempts] == ["bad.jpg"]


def test_a_person_seen_twice_in_one_picture_has_one_picture(archive):
    archive.add_photo("a.jpg")
    face = archive.catalog.rows(Face)[0]
    archive.catalog.records.append(face.model_copy(update={"face_id": "m0/0/1"}))
    archive.add_person()
    assert read_tables(archive.catalog).photo_counts["ann"] == 1


def test_a_face_without_its_medium_cannot_be_cut(archive):
    assert read_tables(archive.catalog).cut("m9/0/0") is None
