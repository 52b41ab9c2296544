import json
import sys

import pytest
from f2s_catalog.records import Label

from f2s_ray.cli.app import run
from f2s_ray.media.regions import stored_area
from tests.flows.named_archive import UPRIGHT, Archive
from tests.media.xmp_samples import digikam

BOX = (40, 60, 120, 160)


@pytest.fixture
def archive(tmp_path) -> Archive:
    archive = Archive(tmp_path)
    archive.add("a.jpg", BOX, packet=digikam("Ann \u00c5", stored_area(BOX, UPRIGHT, 1)))
    archive.add("b.jpg", BOX)
    archive.index()
    archive.people(Cid=[("b.jpg", 0)], p=[("a.jpg", 0)])
    return archive


def told(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_an_import_ends_with_what_it_found(archive, capsys):
    assert run(["people", "import", str(archive.output)]) == 0
    counts = "1 names, 1 faces matched, 0 regions without a face, 0 of people who were erased, 0 conflicts, {} statements added"
    assert told(capsys) == [counts.format(2)]
    assert {fact.said_by for fact in archive.catalog.rows(Label)} == {"import: digiKam"}
    assert run(["people", "import", str(archive.output)]) == 0
    assert told(capsys) == [counts.format(0)]


def test_a_dry_run_says_nothing_to_the_catalog(archive, capsys):
    assert run(["people", "import", str(archive.output), "--dry-run", "--json"]) == 0
    (line,) = told(capsys)
    assert json.loads(line)["facts"] == 2
    assert archive.catalog.rows(Label) == []


def test_conflicts_and_broken_sidecars_are_lines_before_the_counts(archive, capsys):
    archive.put("b.jpg.xmp", digikam("Ben", stored_area(BOX, UPRIGHT, 1)))
    archive.put("a.jpg.xmp", "\x1b[31m no XMP")
    assert run(["people", "import", str(archive.output)]) == 1
    conflict, broken, counts = told(capsys)
    assert conflict == "conflict: b.jpg: Ben (digiKam) is called Cid here"
    assert broken.startswith("not read: a.jpg.xmp: ")
    assert "1 conflicts" in counts


def test_an_export_ends_with_its_counts(archive, tmp_path, capsys):
    words = ["people", "export", str(archive.output), str(tmp_path / "xmp")]
    assert run(words) == 0
    assert run([*words, "--json"]) == 0
    first, second = told(capsys)
    assert first == "1 written, 0 unchanged, 0 removed"
    assert json.loads(second)["unchanged"] == 1
    assert (tmp_path / "xmp" / "b.jpg.xmp").is_file()


@pytest.mark.parametrize("place", ["photos", "photos/xmp", ".", "restored", "restored/restored", "restored/catalog/x"])
def test_sidecars_go_neither_into_input_nor_among_the_results(archive, tmp_path, place, capsys):
    before = sorted(tmp_path.rglob("*"))
    assert run(["people", "export", str(archive.output), str(tmp_path / place)]) == 2
    assert "SIDECARS" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_is_none_is_a_line(archive, tmp_path, capsys):
    assert run(["people", "import", str(archive.output), "--sidecars", str(tmp_path / "no")]) == 2
    assert "is no folder" in capsys.readouterr().err


def test_who_only_looks_or_exports_loads_no_torch(archive, tmp_path):
    import subprocess

    code = (
        "import sys; from f2s_ray.cli.app import run;"
        f"run(['people', 'import', {str(archive.output)!r}, '--dry-run']);"
        f"run(['people', 'export', {str(archive.output)!r}, {str(tmp_path / 'xmp')!r}]);"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
