"""Which rows the page is made of."""

from f2s_catalog.records import DegradationCode, Face, ReferenceSet, Source

from f2s_ray.view.reading import read_tables
from tests.catalog.made import person


def test_a_face_without_its_medium_cannot_be_cut(archive):
    assert read_tables(archive.catalog(), 200).cut("m9/0/0") is None


def test_a_person_seen_twice_in_one_picture_has_one_picture(archive):
    archive.add_photo("a.jpg")
    face = archive.made(Face)[0]
    archive.records.append(face.model_copy(update={"face_id": "m0/0/1"}))
    archive.add_person()
    known = read_tables(archive.catalog(), 200).known["ann"]
    assert (known.picture_count, known.face_count) == (1, 2)


def test_a_picture_that_is_no_longer_listed_is_not_shown(archive):
    archive.add_photo("a.jpg")
    archive.add_photo("b.jpg")
    archive.records[:] = [r for r in archive.records if not (type(r) is Source and r.path == "a.jpg")]
    tables = read_tables(archive.catalog(), 200)
    assert [item.path for item in tables.media.values()] == ["b.jpg"]
    assert len(tables.restored) == 1


def test_the_first_results_by_path_are_read_and_what_these_refer_to(archive):
    """b shows m1 with a reference in m0; d is neither shown nor referred to."""
    for path in ("c.jpg", "b.jpg", "d.jpg"):
        archive.add_photo(path)
    archive.add_person()
    tables = read_tables(archive.catalog(), 1)
    assert [row.path for row in tables.restored] == ["restored/b.jpg"]
    assert set(tables.faces) == {"m1/0/0", "m0/0/0"}
    assert tables.cut("m0/0/0").original.path == "c.jpg"
    assert {item.path for item in tables.media.values()} == {"b.jpg", "c.jpg"}
    assert set(tables.segments) == set(tables.tasks) == {"t1"}
    assert set(tables.codes) == {"m1/0"}


def test_the_lender_of_a_shown_picture_is_read_from_its_own_file(archive):
    archive.add_photo("z.jpg", face=False)
    archive.add_photo("a.jpg", face=False, origin="borrowed", lender="m0/0")
    tables = read_tables(archive.catalog(), 1)
    assert tables.lender(tables.codes["m1/0"]).path == "z.jpg"


def test_a_lender_that_is_gone_is_none(archive):
    archive.add_photo("a.jpg", face=False, origin="borrowed", lender="gone/0")
    tables = read_tables(archive.catalog(), 1)
    assert tables.lender(tables.codes["m0/0"]) is None


def test_who_is_seen_in_a_shown_picture_is_known_beyond_the_limit_of_people(archive):
    """Ann has a name and no face in a; Ben, who is seen there, comes after her."""
    for path in ("a.jpg", "b.jpg", "c.jpg"):
        archive.add_photo(path)
    ann, cid = person("ann", 1, ["m1/0/0"], "Ann"), person("cid", 3, ["m2/0/0"], "Cid")
    archive.records += [ann, person("ben", 2, ["m0/0/0"]), cid]
    tables = read_tables(archive.catalog(), 1)
    assert tables.wall == ("ann",)
    assert {one.label for one in tables.known.values()} == {"Ann", "Person 2"}
    assert tables.totals.person_count == 3
    assert tables.cut("m1/0/0").original.path == "b.jpg"
    assert set(tables.appearances) == {"m0"}


def test_no_vector_is_read(archive):
    archive.add_photo("z.jpg")
    archive.add_photo("a.jpg")
    archive.records[:] = [
        row.model_copy(update={"code": (1.0, 2.0), "signature": (1.0,)}) if type(row) is DegradationCode else row
        for row in archive.records
    ]
    archive.add_person()
    tables = read_tables(archive.catalog(), 1)
    assert [face.embedding for face in tables.faces.values()] == [(), ()]
    assert [(code.code, code.signature) for code in tables.codes.values()] == [((), ())]


def test_references_of_people_on_the_page_are_read(archive):
    archive.add_photo("a.jpg")
    archive.add_person()
    archive.records.append(ReferenceSet(identity_id="somebody else", choices=()))
    assert set(read_tables(archive.catalog(), 200).references) == {"ann"}
