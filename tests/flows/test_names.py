from pathlib import Path

import pytest
from f2s_catalog.records import Constraint, Identity, Label

from f2s_ray.flows.names import read_names
from f2s_ray.flows.people import People
from f2s_ray.flows.portray import write_names
from f2s_ray.media.regions import stored_area
from f2s_ray.media.sidecar import sidecar_faces, sidecar_tags
from tests.flows.named_archive import UPRIGHT, Archive
from tests.media.xmp_samples import bomb, digikam, lightroom, packet, picasa, picasa_ini, windows
from tests.stages.named import short

LEFT, RIGHT = (40, 60, 120, 160), (260, 60, 340, 160)
ANN = "d04ca592f8868c2"


def area(box, orientation=1):
    return stored_area(box, UPRIGHT, orientation)


def edges(box):
    return tuple(value / side for value, side in zip(box, UPRIGHT * 2, strict=True))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


def one_face(archive: Archive, path="a.jpg", **options) -> Archive:
    archive.add(path, LEFT, **options)
    archive.index()
    archive.people(p=[(path, 0)])
    return archive


def speakers(archive: Archive, sidecars=None):
    found = read_names(archive.catalog, archive.source, sidecars)
    assert found.troubles == []
    return {fact.said_by: fact.name for fact in found.facts if isinstance(fact, Label) and fact.kind == "name"}


@pytest.mark.parametrize(
    ("packed", "speaker"),
    [
        (digikam("Ann", area(LEFT)), "import: digiKam"),
        (lightroom("Ann", area(LEFT)), "import: Lightroom"),
        (picasa("Ann", area(LEFT)), "import: Picasa"),
        (windows("Ann", area(LEFT)), "import: Windows Photo Gallery"),
    ],
)
def test_names_inside_the_photo_are_read(archive, packed, speaker):
    software = "Picasa" if "Picasa" in speaker else ""
    assert speakers(one_face(archive, packet=packed, software=software)) == {speaker: "Ann"}


@pytest.mark.parametrize("name", ["a.jpg.xmp", "a.xmp", "a.XMP"])
def test_sidecars_beside_the_photo_are_read(archive, name):
    archive.put(name, digikam("Ann", area(LEFT)))
    assert speakers(one_face(archive)) == {"import: digiKam": "Ann"}


def test_sidecars_in_a_folder_are_read(archive, tmp_path):
    (tmp_path / "xmp" / "sub").mkdir(parents=True)
    (tmp_path / "xmp" / "sub" / "a.jpg.xmp").write_bytes(digikam("Ann", area(LEFT)))
    one_face(archive, "sub/a.jpg")
    assert speakers(archive) == {}
    assert speakers(archive, tmp_path / "xmp") == {"import: digiKam": "Ann"}


def test_picasa_s_folder_file_is_read_with_contacts_of_another_folder(archive):
    archive.add("a.jpg", LEFT)
    archive.add("sub/b.jpg", LEFT)
    archive.index()
    archive.people(p=[("a.jpg", 0)], q=[("sub/b.jpg", 0)])
    archive.put(".picasa.ini", picasa_ini({"a.jpg": [(edges(LEFT), ANN)]}, {ANN: "Ann"}))
    archive.put("sub/Picasa.ini", picasa_ini({"b.jpg": [(edges(LEFT), ANN)]}, {}))
    found = read_names(archive.catalog, archive.source, None)
    assert (found.names, found.matched, found.unmatched) == (1, 2, 0)
    assert short(found.facts)[0] == ("same", "p", "q")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_s_names_find_its_faces_in_every_format(archive, orientation):
    stored = UPRIGHT[::-1] if orientation >= 5 else UPRIGHT
    archive.add("a.jpg", LEFT, RIGHT, orientation=orientation, packet=windows("Ann", area(LEFT, orientation)))
    archive.put("a.jpg.xmp", lightroom("Ben", area(RIGHT, orientation), stored, "jpg"))
    x, y, width, height = area(RIGHT, orientation)
    placed = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    archive.put(".picasa.ini", picasa_ini({"a.jpg": [(placed, ANN)]}, {ANN: "Ben"}))
    archive.index()
    archive.people(p=[("a.jpg", 0)], q=[("a.jpg", 1)])
    found = read_names(archive.catalog, archive.source, None)
    names = {fact.identity_id: fact.name for fact in found.facts if fact.kind == "name"}
    assert names == {"p": "Ann", "q": "Ben"}
    assert (found.conflicts, found.unmatched) == ([], 0)


def test_a_region_without_a_face_is_counted_and_said_of_nobody(archive):
    one_face(archive, packet=digikam("Ann", area(RIGHT)))
    found = read_names(archive.catalog, archive.source, None)
    assert (found.names, found.matched, found.unmatched, found.facts) == (0, 0, 1, [])


def test_a_second_import_adds_nothing(archive):
    archive.add("a.jpg", LEFT, RIGHT, packet=digikam("Ann", area(LEFT)))
    archive.put("a.jpg.xmp", digikam("Ben", area(RIGHT)))
    archive.index()
    archive.people(p=[("a.jpg", 0)], q=[("a.jpg", 1)])
    first = read_names(archive.catalog, archive.source, None)
    assert len(first.facts) == 4
    People(archive.output, "import").says(first.facts)
    labels = archive.catalog.rows(Label)
    assert sorted(one.fact_id for one in labels) == [one.fact_id for one in labels]
    assert short(labels) == short(first.facts)
    assert read_names(archive.catalog, archive.source, None).facts == []


def test_what_is_hostile_or_broken_is_a_line_and_the_rest_is_read(archive, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret words")
    for name in ("bomb", "cut", "linked", "good", "bin", "inside"):
        archive.add(f"{name}/a.jpg", LEFT, packet=bomb(secret.as_uri()) if name == "inside" else b"")
    archive.put("bomb/a.jpg.xmp", bomb(secret.as_uri()))
    archive.put("cut/a.jpg.xmp", digikam("Ann", area(LEFT))[:-300])
    (archive.source / "linked" / "a.jpg.xmp").symlink_to(secret)
    archive.put("bin/.picasa.ini", b"\0\1\2" * 1000)
    archive.put("good/a.jpg.xmp", digikam("Ann", area(LEFT)))
    archive.index()
    archive.people(p=[("good/a.jpg", 0)])
    found = read_names(archive.catalog, archive.source, None)
    assert (found.names, found.matched) == (1, 1)
    assert len(found.troubles) == 4  # the photo itself has no XMP by the word of the probe, and is not opened
    assert all("\n" not in line for line in found.troubles)
    assert "secret words" not in repr(found)


def test_a_photo_that_another_program_wrote_into_since_is_read_again(archive):
    one_face(archive)
    late = Archive.__new__(Archive)
    late.source, late._faces = archive.source, {}
    late.add("a.jpg", LEFT, packet=digikam("Ann", area(LEFT)))
    assert speakers(archive) == {"import: digiKam": "Ann"}


def test_nothing_in_input_is_touched(archive, tmp_path):
    archive.put("a.jpg.xmp", digikam("Ann", area(LEFT)))
    one_face(archive)
    archive.people(Ann=[("a.jpg", 0)])
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.source.iterdir()}
    read_names(archive.catalog, archive.source, None)
    write_names(archive.catalog, archive.source, tmp_path / "xmp")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.source.iterdir()} == before


def exported(archive: Archive, folder: Path):
    done = write_names(archive.catalog, archive.source, folder)
    return (done.written, done.unchanged, done.removed), done


def test_named_people_are_exported_and_others_are_not(archive, tmp_path):
    archive.add("sub/a.jpg", LEFT, RIGHT)
    archive.add("b.jpg", LEFT)
    archive.index()
    archive.people(Ann=[("sub/a.jpg", 0)], p=[("sub/a.jpg", 1), ("b.jpg", 0)])
    assert exported(archive, tmp_path / "xmp")[0] == (1, 0, 0)
    files = [path for path in (tmp_path / "xmp").rglob("*") if path.is_file()]
    assert files == [tmp_path / "xmp" / "sub" / "a.jpg.xmp"]
    (region,) = sidecar_faces(files[0].read_bytes(), "").regions
    assert region.name == "Ann"
    assert region.area == pytest.approx(area(LEFT), abs=1e-5)
    assert region.applied_to == UPRIGHT


def test_a_second_export_changes_no_byte_and_follows_the_catalog(archive, tmp_path):
    folder = tmp_path / "xmp"
    archive.add("a.jpg", LEFT)
    archive.index()
    archive.people(Ann=[("a.jpg", 0)])
    exported(archive, folder)
    before = (folder / "a.jpg.xmp").read_bytes(), (folder / "a.jpg.xmp").stat().st_mtime_ns
    assert exported(archive, folder)[0] == (0, 1, 0)
    assert ((folder / "a.jpg.xmp").read_bytes(), (folder / "a.jpg.xmp").stat().st_mtime_ns) == before
    archive.people(Anna=[("a.jpg", 0)])
    assert exported(archive, folder)[0] == (1, 0, 0)
    archive.people(p=[("a.jpg", 0)])
    assert exported(archive, folder)[0] == (0, 0, 1)
    assert list(folder.iterdir()) == []


def test_who_is_ignored_is_not_exported(archive, tmp_path):
    one_face(archive)
    (person,) = [one.model_copy(update={"name": "Ann", "is_ignored": True}) for one in archive.catalog.rows(Identity)]
    archive.write([person])
    assert exported(archive, tmp_path / "xmp")[0] == (0, 0, 0)


def test_a_film_s_people_are_names_without_places(archive, tmp_path):
    one_face(archive)
    archive.people(Ann=[("a.jpg", 0)])
    archive.film("a.jpg")
    assert exported(archive, tmp_path / "xmp")[0] == (1, 0, 0)
    tags = sidecar_tags((tmp_path / "xmp" / "a.jpg.xmp").read_bytes(), "")
    assert tags["Xmp.iptcExt.PersonInImage"] == tags["Xmp.dc.subject"] == ["Ann"]
    found = read_names(archive.catalog, archive.source, tmp_path / "xmp")
    assert (found.names, found.unmatched) == (0, 0)


def test_other_programs_sidecars_are_kept_and_a_broken_one_is_a_line(archive, tmp_path):
    folder = tmp_path / "xmp"
    folder.mkdir()
    archive.add("a.jpg", LEFT)
    archive.add("b.jpg", LEFT)
    archive.add("c.jpg", LEFT)
    (folder / "a.jpg.xmp").write_bytes(digikam("Cid", area(RIGHT)))
    (folder / "b.jpg.xmp").write_bytes(b"notes")
    (folder / "c.jpg.xmp").write_bytes(digikam("Cid", area(LEFT)))
    archive.index()
    archive.people(Ann=[("a.jpg", 0), ("b.jpg", 0), ("c.jpg", 0)])
    counts, done = exported(archive, folder)
    assert counts == (1, 1, 0)
    assert done.conflicts == ["c.jpg.xmp: Cid there, Ann here"]
    (line,) = done.troubles
    assert line.startswith("b.jpg.xmp: ")
    assert (folder / "b.jpg.xmp").read_bytes() == b"notes"
    tags = sidecar_tags((folder / "a.jpg.xmp").read_bytes(), "")
    assert tags["Xmp.digiKam.TagsList"] == ["People/Cid"]
    assert exported(archive, folder)[0] == (0, 2, 0)


def test_a_link_in_the_folder_of_sidecars_leads_nowhere(archive, tmp_path):
    one_face(archive, "sub/a.jpg")
    archive.people(Ann=[("sub/a.jpg", 0)])
    folder = tmp_path / "xmp"
    folder.mkdir()
    (folder / "sub").symlink_to(archive.source / "sub")
    counts, done = exported(archive, folder)
    assert counts == (0, 0, 0)
    assert "symbolic link" in done.troubles[0]
    assert [path.name for path in (archive.source / "sub").iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 8])
def test_exported_names_come_back_on_the_same_faces_of_another_output(tmp_path, orientation):
    first, second = (tmp_path / name for name in ("first", "second"))
    for root in (first, second):
        root.mkdir()
    one, other = Archive(first), Archive(second)
    for archive in (one, other):
        archive.add("a.jpg", LEFT, RIGHT, orientation=orientation)
        archive.add("b.jpg", LEFT)
        archive.index()
    one.people(Ann=[("a.jpg", 0), ("b.jpg", 0)], Ben=[("a.jpg", 1)])
    other.people(x=[("a.jpg", 1)], y=[("a.jpg", 0), ("b.jpg", 0)])
    write_names(one.catalog, one.source, tmp_path / "xmp")
    found = read_names(other.catalog, other.source, tmp_path / "xmp")
    assert (found.names, found.matched, found.unmatched, found.conflicts) == (2, 3, 0, [])
    names = {fact.identity_id: fact.name for fact in found.facts if fact.kind == "name"}
    assert names == {"x": "Ben", "y": "Ann"}
    assert {fact.said_by for fact in found.facts} == {"import: f2s_ray"}
    assert not any(isinstance(fact, Constraint) for fact in found.facts)


def test_an_empty_packet_is_no_trouble(archive):
    assert speakers(one_face(archive, packet=packet('<rdf:Description rdf:about=""/>'))) == {}
