"""A name of somebody who was erased stands in INPUT for ever, and does not come back from there."""

from pathlib import Path

import pytest
from f2s_catalog.forgotten import Forgotten, name_digests, new_salt
from f2s_catalog.records import Erasure, Identity, Label

from f2s_ray.flows.erase import erase_person
from f2s_ray.flows.people import People
from f2s_ray.media.regions import stored_area
from tests.flows.named_archive import UPRIGHT, Archive, imported
from tests.media.xmp_samples import digikam, picasa_ini

LEFT, NEAR, RIGHT = (40, 60, 120, 160), (70, 60, 150, 160), (260, 60, 340, 160)
PHOTOS = [f"{number}.jpg" for number in range(6)]
CONTACT = "d04ca592f8868c2"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Ann in three photos, another in three; the names stand in sidecars, in a photo, and in Picasa's file."""
    archive = Archive(tmp_path)
    for number, path in enumerate(PHOTOS):
        packet = digikam("Zoë Quist", stored_area(LEFT, UPRIGHT, 1)) if number == 1 else b""
        archive.add(path, LEFT, packet=packet)
    archive.looks(one=[(path, 0) for path in PHOTOS[:3]], other=[(path, 0) for path in PHOTOS[3:]])
    archive.put("0.jpg.xmp", digikam("Zoë Quist", stored_area(LEFT, UPRIGHT, 1)))
    edges = tuple(value / side for value, side in zip(LEFT, UPRIGHT * 2, strict=True))
    archive.put(".picasa.ini", picasa_ini({"2.jpg": [(edges, CONTACT)]}, {CONTACT: "Zoë Quist"}))
    archive.index()
    People(archive.output, "tester").settle()
    imported(archive)
    return archive


def erase(archive: Archive, name: str = "Zoë Quist") -> None:
    (who,) = (one for one in archive.catalog.rows(Identity) if one.name == name)
    erase_person(archive.output, who.identity_id, "tester")


def nobody_is_named(archive: Archive) -> bool:
    named = [one.name for one in archive.catalog.rows(Identity) if one.name]
    return not named and not archive.catalog.rows(Label)


def test_names_at_the_places_of_erased_faces_do_not_come_back(archive):
    erase(archive)
    found = imported(archive)
    assert (found.facts, found.conflicts, found.forgotten, found.unmatched) == ([], [], 3, 0)
    assert nobody_is_named(archive)


@pytest.mark.parametrize("name", ["Zoë Quist", "ZOE\u0308  QUIST", "zoë quist"])
def test_the_name_on_other_faces_does_not_come_back(archive, name):
    erase(archive)
    archive.put("3.jpg.xmp", digikam(name, stored_area(LEFT, UPRIGHT, 1)))
    found = imported(archive)
    assert (found.facts, found.conflicts, found.forgotten) == ([], [], 4)
    assert nobody_is_named(archive)


def test_a_region_of_somebody_who_was_erased_does_not_go_to_a_neighbour(tmp_path):
    archive = Archive(tmp_path)
    archive.add("a.jpg", LEFT, NEAR, packet=digikam("Ann", stored_area(LEFT, UPRIGHT, 1)))
    archive.add("b.jpg", RIGHT)
    archive.looks(one=[("a.jpg", 0)], other=[("a.jpg", 1), ("b.jpg", 0)])
    archive.index()
    People(archive.output, "tester").settle()
    who = next(one for one in archive.catalog.rows(Identity) if archive.face("a.jpg", 0).face_id in one.face_ids)
    erase_person(archive.output, who.identity_id, "tester")  # nobody ever called her Ann here
    found = imported(archive)
    assert (found.facts, found.forgotten) == ([], 1)


def test_the_names_of_others_are_taken_over_as_before(archive):
    erase(archive)
    archive.put("4.jpg.xmp", digikam("Ben", stored_area(LEFT, UPRIGHT, 1)))
    imported(archive)
    assert [one.name for one in archive.catalog.rows(Identity) if one.name] == ["Ben"]


def test_a_name_that_somebody_else_has_too_is_still_read(archive):
    people = People(archive.output, "tester")
    other = next(one for one in archive.catalog.rows(Identity) if archive.face("3.jpg", 0).face_id in one.face_ids)
    people.name(other.identity_id, "ZOË QUIST")
    erase(archive)
    archive.put("4.jpg.xmp", digikam("Zoë Quist", stored_area(LEFT, UPRIGHT, 1)))
    imported(archive)
    (left,) = (one for one in archive.catalog.rows(Identity) if one.name)
    assert (left.name, len(left.confirmed_face_ids)) == ("ZOË QUIST", 1)


def test_what_a_person_says_is_another_matter(archive):
    erase(archive)
    (other,) = (one for one in archive.catalog.rows(Identity) if one.face_ids)
    People(archive.output, "tester").name(other.identity_id, "Zoë Quist")
    assert [one.name for one in archive.catalog.rows(Identity) if one.face_ids] == ["Zoë Quist"]


def test_the_row_tells_no_name_and_one_salt_serves_all(archive):
    erase(archive)
    archive.put("4.jpg.xmp", digikam("Ben", stored_area(LEFT, UPRIGHT, 1)))
    imported(archive)
    erase(archive, "Ben")
    first, second = archive.catalog.rows(Erasure)
    assert first.name_salt == second.name_salt
    assert first.name_digests == name_digests(["Zoë Quist"], first.name_salt)
    told = repr((first, second)).casefold()
    assert "quist" not in told
    assert "ben" not in told


def test_a_digest_is_of_one_archive():
    one, other = new_salt(), new_salt()
    assert name_digests(["Ann"], one) != name_digests(["Ann"], other)
    row = Erasure(
        erasure_id="e", said_at="", said_by="", places=(), name_salt=one, name_digests=name_digests(["Ann"], one)
    )
    assert "ANN " in Forgotten([row])
    assert "Anna" not in Forgotten([row])
    assert "Ann" not in Forgotten([])
