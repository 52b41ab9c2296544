"""Which rows still speak of the archive."""

from f2s_catalog.records import Face, Source

from f2s_ray.view.tables import read_tables


def test_a_failure_of_a_file_that_is_gone_is_not_told(archive):
    archive.add_attempt("gone.jpg", "failed", kind="broken", message="gone.jpg is broken")
    assert read_tables(archive.catalog).attempts == ()


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


def test_a_picture_that_is_no_longer_listed_is_not_shown(archive):
    archive.add_photo("a.jpg")
    archive.add_photo("b.jpg")
    archive.catalog.records[:] = [r for r in archive.catalog.records if not (type(r) is Source and r.path == "a.jpg")]
    assert [item.path for item in read_tables(archive.catalog).media.values()] == ["b.jpg"]
    assert len(read_tables(archive.catalog).restored) == 1
