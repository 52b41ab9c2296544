"""What is all done is known by a mark; whatever could have changed that takes the mark's word away."""

from dataclasses import replace

import pytest
from f2s_catalog.commits import commits_of
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, MediaItem, Shot
from f2s_catalog.store import fragments

from f2s_ray.engines.local import run
from f2s_ray.engines.run import Selection
from f2s_ray.flows.step import MapStep
from tests.catalog.made import label
from tests.engines.made import flow_of


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for index in range(3):
        (folder / f"{index}.png").write_bytes(b"x" * (index + 1))
    (folder / "empty.png").write_bytes(b"")
    return folder


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "output")


def looked_at(folder, catalog, run_id="later", selection=None, **changes):
    """How many files each map step asked for in one more run."""
    asked = {}

    def watched(step):
        def inputs(catalog, paths):
            asked[step.name] = asked.get(step.name, 0) + len(paths)
            return step.inputs(catalog, paths)

        return replace(step, inputs=inputs)

    flow = [watched(step) if isinstance(step, MapStep) else step for step in flow_of(folder, **changes)]
    run(flow, catalog, run_id, **({"selection": selection} if selection else {}))
    return asked


def test_a_run_after_all_is_done_looks_at_no_item(folder, catalog):
    assert looked_at(folder, catalog, "first") == {"probe": 4, "split": 4}
    assert looked_at(folder, catalog) == {}


def test_a_file_more_has_all_looked_at(folder, catalog):
    looked_at(folder, catalog, "first")
    (folder / "new.png").write_bytes(b"new")
    assert looked_at(folder, catalog) == {"probe": 5, "split": 5}
    assert looked_at(folder, catalog) == {}


def test_another_configuration_has_all_looked_at(folder, catalog):
    looked_at(folder, catalog, "first")
    assert looked_at(folder, catalog, marks=1) == {"probe": 4, "split": 4}
    assert len(catalog.rows(Shot)) == 3


def test_what_people_said_has_all_looked_at(folder, catalog):
    looked_at(folder, catalog, "first")
    catalog.say([label("1", "Ann")])
    assert looked_at(folder, catalog) == {"probe": 4, "split": 4}


def test_what_is_to_be_tried_again_is_looked_at(folder, catalog):
    looked_at(folder, catalog, "first")
    assert looked_at(folder, catalog, selection=Selection(frozenset({"empty"}))) == {"probe": 4, "split": 4}
    (failed,) = [attempt for attempt in catalog.attempts() if attempt.status == "failed"]
    assert failed.number == 2


def test_a_commit_that_was_given_up_is_done_again(folder, catalog):
    looked_at(folder, catalog, "first")
    (media,) = fragments(catalog.root, MediaItem)
    media.unlink()
    (ledger,) = (path for path in fragments(catalog.root, Attempt) if commits_of(path) == commits_of(media))
    ledger.rename(ledger.with_suffix(".lost"))
    assert catalog.rows(MediaItem) == []
    assert looked_at(folder, catalog)["probe"] == 4
    assert len(catalog.rows(MediaItem)) == 3


def test_a_run_of_some_files_leaves_no_mark(folder, catalog):
    looked_at(folder, catalog, "first", selection=Selection(limit=2))
    assert {attempt.path for attempt in catalog.rows(Attempt) if attempt.step == "probe"} == {"0.png", "1.png"}
    assert looked_at(folder, catalog) == {"probe": 4, "split": 4}


def test_a_run_that_was_broken_off_leaves_no_mark(folder, catalog):
    def interrupt(progress):
        if progress.step == "split" and progress.finished == 1:
            raise KeyboardInterrupt

    looked_at(folder, catalog, "first")
    (folder / "new.png").write_bytes(b"new")
    with pytest.raises(KeyboardInterrupt):
        run(flow_of(folder), catalog, "broken", on_progress=interrupt)
    assert looked_at(folder, catalog)["split"] == 5
    assert len(catalog.rows(Shot)) == 8


def test_results_that_were_lost_are_looked_for_all_the_same(folder, catalog):
    def lost(catalog):
        return {"1.png": 1.0}

    flow = [replace(step, lost=lost) if step.name == "split" else step for step in flow_of(folder)]
    run(flow, catalog, "first")
    asked = []

    def inputs(catalog, paths):
        asked.extend(paths)
        return [replace(item, is_gone=True) for item in flow[2].inputs(catalog, paths)]

    again = [replace(step, inputs=inputs) if step.name == "split" else step for step in flow]
    assert run(again, catalog, "second")["split"].done == 1
    assert asked == ["1.png"]
