import signal
import subprocess
import sys
from pathlib import Path

import pytest
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, Attempt, DegradationCode, MediaItem, Shot, Source

from f2s_ray.engines.local import run
from f2s_ray.engines.run import Counts, Selection
from tests.engines.made import flow_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for index in range(5):
        (folder / f"{index}.png").write_bytes(b"x" * (index + 1))
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"t")
    return folder


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "output")


def stored(catalog):
    return sorted(catalog.root.rglob("*.parquet"))


def test_every_item_ends_as_rows_or_as_a_reason(folder, catalog):
    summary = run(flow_of(folder), catalog, "first")
    assert summary["probe"] == Counts(done=5, failed=1, skipped=1)
    assert summary["split"] == Counts(done=5, failed=0, skipped=0)
    assert {(a.step, a.item_id) for a in catalog.attempts() if a.step == "probe"} == {
        ("probe", path.name) for path in folder.iterdir()
    }
    assert len(catalog.rows(Shot)) == len(catalog.rows(DegradationCode)) == 10


def test_the_longest_runs_first(folder, catalog):
    order = []
    run(flow_of(folder), catalog, "first", on_progress=lambda p: p.attempt and order.append(p.attempt.path))
    assert order[:7] == ["4.png", "3.png", "2.png", "1.png", "0.png", "notes.txt", "empty.png"]


def test_a_second_run_does_nothing(folder, catalog):
    run(flow_of(folder), catalog, "first")
    before = stored(catalog)
    summary = run(flow_of(folder), catalog, "second")
    assert {(c.done, c.failed, c.skipped) for c in summary.values()} == {(0, 0, 0)}
    assert stored(catalog) == before


def test_a_new_file_costs_only_itself(folder, catalog):
    run(flow_of(folder), catalog, "first")
    (folder / "new.png").write_bytes(b"new")
    summary = run(flow_of(folder), catalog, "second")
    assert summary["probe"] == Counts(done=1, failed=0, skipped=0)
    assert summary["split"] == Counts(done=1, failed=0, skipped=0)
    assert summary["borrow"].done == 1
    assert len(catalog.rows(DegradationCode)) == 12


def test_a_changed_configuration_replaces_the_rows_of_its_steps(folder, catalog):
    run(flow_of(folder), catalog, "first")
    summary = run(flow_of(folder, marks=1), catalog, "second")
    assert summary["split"].done == 5
    assert len(catalog.rows(Shot)) == len(catalog.rows(DegradationCode)) == 5


def test_a_file_that_was_mended_is_tried_again_when_asked(folder, catalog):
    run(flow_of(folder), catalog, "first")
    summary = run(flow_of(folder), catalog, "second", selection=Selection(frozenset({"empty"})))
    assert summary["probe"] == Counts(done=0, failed=1, skipped=0)
    (retried,) = [a for a in catalog.attempts() if a.status == "failed"]
    assert (retried.path, retried.number, retried.run_id) == ("empty.png", 2, "second")


def test_an_interrupt_keeps_what_is_done(folder, catalog):
    def interrupt(progress):
        if progress.finished == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(flow_of(folder), catalog, "first", on_progress=interrupt)
    assert {item.path for item in catalog.rows(MediaItem)} == {"2.png", "3.png", "4.png"}
    assert run(flow_of(folder), catalog, "second")["probe"] == Counts(done=2, failed=1, skipped=1)


def test_a_bug_stops_the_run_loudly_and_keeps_what_is_done(folder, catalog):
    (folder / "0.png").write_bytes(b"bug")
    with pytest.raises(ZeroDivisionError, match=r"a bug at 0\.png"):
        run(flow_of(folder), catalog, "first")
    assert {item.path for item in catalog.rows(MediaItem)} == {"3.png", "4.png"}
    assert catalog.rows(Shot) == []


def test_killed_in_the_middle_and_run_again_it_ends_with_the_same_tables(folder, tmp_path):
    for index in range(1030):
        (folder / f"more {index}.png").write_bytes(b"y" * (index + 10))
    undisturbed, killed = Catalog(tmp_path / "a"), Catalog(tmp_path / "b")
    run(flow_of(folder), undisturbed, "whole")
    command = [sys.executable, "-m", "tests.engines.killed", str(folder), str(killed.root), "1030"]
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    assert subprocess.run(command, cwd=ROOT, env=path, check=False, timeout=60).returncode == -signal.SIGKILL
    assert len(killed.rows(MediaItem)) == 1024
    summary = run(flow_of(folder), killed, "resumed")
    assert sum((summary["probe"].done, summary["probe"].failed, summary["probe"].skipped)) == 1037 - 1024
    for record_type in TABLES:
        if record_type is not Attempt:
            assert killed.table(record_type).equals(undisturbed.table(record_type))


def test_two_runs_at_once_are_refused(folder, catalog):
    other = Catalog(catalog.root)
    with other.writing(), pytest.raises(CatalogError, match="another run is writing"):
        run(flow_of(folder), catalog, "second")


def test_an_empty_folder_is_a_run_with_nothing_in_it(tmp_path, catalog):
    (tmp_path / "nothing").mkdir()
    summary = run(flow_of(tmp_path / "nothing"), catalog, "first")
    assert summary["probe"] == Counts(done=0, failed=0, skipped=0)
    assert catalog.rows(Source) == []
