"""What an import says, settled by the real clustering: who is who afterwards, and that it stays so."""

from pathlib import Path

import pytest
from f2s_catalog.records import Constraint, Identity, Label

from f2s_ray.flows.names import read_names
from f2s_ray.flows.people import People
from f2s_ray.flows.portray import write_names
from f2s_ray.media.regions import stored_area
from tests.flows.named_archive import UPRIGHT, Archive, imported
from tests.media.xmp_samples import digikam

LEFT, RIGHT = (40, 60, 120, 160), (260, 60, 340, 160)
PHOTOS = [f"{number}.jpg" for number in range(8)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Eight photos of one face each; the first four look like one person, the others like another."""
    archive = Archive(tmp_path)
    for path in PHOTOS:
        archive.add(path, LEFT)
    archive.looks(one=[(path, 0) for path in PHOTOS[:4]], other=[(path, 0) for path in PHOTOS[4:]])
    archive.index()
    People(archive.output, "tester").settle()
    assert sorted(len(one.face_ids) for one in archive.catalog.rows(Identity)) == [4, 4]
    return archive


def name(archive: Archive, **names: list[str]) -> None:
    for who, paths in names.items():
        for path in paths:
            archive.put(f"{path}.xmp", digikam(who, stored_area(LEFT, UPRIGHT, 1)))


def people_seen(archive: Archive) -> list[Identity]:
    """Those who have faces; one who became another stands there without."""
    return [one for one in archive.catalog.rows(Identity) if one.face_ids]


def who_is_where(archive: Archive) -> dict[str, str | None]:
    names = {face_id: one.name for one in archive.catalog.rows(Identity) for face_id in one.face_ids}
    return {path: names[archive.face(path, 0).face_id] for path in PHOTOS}


def settled(archive: Archive) -> tuple[dict[str, str | None], int]:
    """Who is where, after a second import, which has nothing to add."""
    before = len(archive.catalog.rows(Label)) + len(archive.catalog.rows(Constraint))
    again = imported(archive)
    assert again.facts == []
    assert len(archive.catalog.rows(Label)) + len(archive.catalog.rows(Constraint)) == before
    return who_is_where(archive), len(people_seen(archive))


def test_one_named_face_names_all_that_look_like_it(archive):
    name(archive, Ann=PHOTOS[:1], Ben=PHOTOS[5:6])
    assert imported(archive).conflicts == []
    assert settled(archive) == ({path: "Ann" if path < "4" else "Ben" for path in PHOTOS}, 2)


def test_two_names_in_one_look_part(archive):
    name(archive, Ann=PHOTOS[:3], Cid=PHOTOS[3:4])
    imported(archive)
    where, count = settled(archive)
    assert [where[path] for path in PHOTOS] == ["Ann"] * 3 + ["Cid"] + [None] * 4
    assert count == 3


def test_a_face_that_looks_like_another_goes_where_its_name_is(archive):
    name(archive, Ann=PHOTOS[:3], Ben=[PHOTOS[3], *PHOTOS[4:6]])
    imported(archive)
    where, count = settled(archive)
    assert [where[path] for path in PHOTOS] == ["Ann"] * 3 + ["Ben"] * 5
    assert count == 2


def test_one_name_in_two_looks_makes_one_person(archive):
    name(archive, Ann=[PHOTOS[0], PHOTOS[7]])
    imported(archive)
    assert settled(archive) == (dict.fromkeys(PHOTOS, "Ann"), 1)


def test_a_merge_and_a_split_at_once_leave_everybody_where_they_are_named(archive):
    name(archive, Ann=[*PHOTOS[:4], *PHOTOS[4:6]], Ben=PHOTOS[7:])
    imported(archive)
    where, count = settled(archive)
    assert [where[path] for path in PHOTOS] == ["Ann"] * 7 + ["Ben"]
    assert count == 2


def test_a_name_of_the_catalog_stays_and_is_told(archive):
    people = People(archive.output, "tester")
    first = next(one for one in archive.catalog.rows(Identity) if archive.face("0.jpg", 0).face_id in one.face_ids)
    people.name(first.identity_id, "Anna")
    name(archive, Ann=PHOTOS[:2])
    assert imported(archive).conflicts == [
        "0.jpg: Ann (digiKam) is called Anna here",
        "1.jpg: Ann (digiKam) is called Anna here",
    ]
    assert who_is_where(archive)["0.jpg"] == "Anna"


def test_what_a_person_says_after_an_import_outlives_the_next(archive):
    name(archive, Ann=[PHOTOS[0], PHOTOS[7]])
    imported(archive)
    (ann,) = people_seen(archive)
    people = People(archive.output, "tester")
    people.split(ann.identity_id, [archive.face(path, 0).face_id for path in PHOTOS[4:]])
    before = who_is_where(archive)
    assert [before[path] for path in PHOTOS] == ["Ann"] * 4 + [None] * 4
    assert imported(archive).facts == []
    assert who_is_where(archive) == before


def test_a_person_who_was_renamed_here_is_exported_by_the_new_name_and_comes_back(archive, tmp_path):
    name(archive, Ann=PHOTOS[:1])
    imported(archive)
    (ann,) = [one for one in archive.catalog.rows(Identity) if one.name]
    People(archive.output, "tester").name(ann.identity_id, "Ann Lee")
    assert write_names(archive.catalog, archive.source, tmp_path / "xmp").written == 4
    found = read_names(archive.catalog, archive.source, tmp_path / "xmp")
    assert found.conflicts == ["0.jpg: one face is Ann Lee (f2s_ray) and Ann (digiKam)"]


def test_a_name_whose_faces_are_gone_for_now_is_not_given_to_a_second_person(archive):
    name(archive, Ann=PHOTOS[:1])
    imported(archive)
    (ann,) = [one for one in archive.catalog.rows(Identity) if one.name]
    archive.unlist(PHOTOS[:4])
    People(archive.output, "tester").settle()
    assert len(people_seen(archive)) == 1
    name(archive, Ann=PHOTOS[4:5])
    imported(archive)
    assert [one.identity_id for one in archive.catalog.rows(Identity) if one.name == "Ann"] == [ann.identity_id]
    assert [one.name for one in people_seen(archive)] == ["Ann"]
