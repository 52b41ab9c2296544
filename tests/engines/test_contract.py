"""What both engines promise: the same rows, the same reasons, the same loudness."""

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, Attempt, Shot

from f2s_ray.engines import local
from f2s_ray.engines.run import Counts
from f2s_ray.errors import JobError
from tests.engines.made import flow_of


def run_local(flow, catalog, run_id, **more):
    return local.run(flow, catalog, run_id, **more)


def run_ray(flow, catalog, run_id, **more):
    ray_data = pytest.importorskip("f2s_ray.engines.ray_data")
    config = ray_data.RayConfig(workers=2, items_per_block=3)
    return ray_data.run(flow, catalog, run_id, config=config, **more)


engines = pytest.mark.parametrize(
    "run", [pytest.param(run_local, id="local"), pytest.param(run_ray, id="ray", marks=pytest.mark.engine)]
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for index in range(30):
        (folder / f"ü {index}.png").write_bytes(b"x" * (index + 1))
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"t")
    return folder


def attempts(catalog):
    return [attempt.model_copy(update={"elapsed_seconds": 0.0, "run_id": ""}) for attempt in catalog.attempts()]


@engines
def test_a_flow_leaves_the_same_tables_on_every_engine_and_a_second_run_does_nothing(run, folder, tmp_path):
    expected, catalog = Catalog(tmp_path / "expected"), Catalog(tmp_path / "output")
    reference = local.run(flow_of(folder), expected, "reference")
    assert run(flow_of(folder), catalog, "first") == reference
    for record_type in TABLES:
        if record_type is not Attempt:
            assert catalog.table(record_type).equals(expected.table(record_type)), record_type.TABLE
    assert attempts(catalog) == attempts(expected)
    assert reference["probe"] == Counts(done=30, failed=1, skipped=1)
    before = sorted(catalog.root.rglob("*.parquet"))
    assert {(c.done, c.failed, c.skipped) for c in run(flow_of(folder), catalog, "second").values()} == {(0, 0, 0)}
    assert sorted(catalog.root.rglob("*.parquet")) == before


@engines
def test_in_waves_what_follows_goes_on_before_all_is_begun_and_the_tables_are_the_same(run, folder, tmp_path):
    expected, catalog, steps = Catalog(tmp_path / "expected"), Catalog(tmp_path / "output"), []
    reference = local.run(flow_of(folder), expected, "reference")
    found = run(flow_of(folder, wave_cost=60), catalog, "first", on_progress=lambda progress: steps.append(progress))
    assert found == reference
    assert attempts(catalog) == attempts(expected)
    assert catalog.table(Shot).equals(expected.table(Shot))
    order = [progress.step for progress in steps if progress.attempt is not None]
    assert order.index("split") < 12
    assert order.count("probe") == 32
    assert (steps[-1].step, steps[-1].finished, steps[-1].total) == ("split", 30, 30)
    again = run(flow_of(folder, wave_cost=60), catalog, "second")
    assert again["split"] == Counts(done=0, failed=0, skipped=0)


@engines
def test_a_bug_stops_the_run_with_its_own_type_and_place(run, folder, tmp_path):
    (folder / "bad.png").write_bytes(b"bug")
    with pytest.raises(ZeroDivisionError, match=r"a bug at bad\.png"):
        run(flow_of(folder), Catalog(tmp_path / "output"), "first")
    assert not [a for a in Catalog(tmp_path / "output").attempts() if a.step == "split"]


@engines
def test_what_the_machine_lacks_is_one_line(run, folder, tmp_path):
    (folder / "bad.png").write_bytes(b"weight")
    with pytest.raises(JobError) as caught:
        run(flow_of(folder), Catalog(tmp_path / "output"), "first")
    assert str(caught.value) == "weight detector.onnx is missing; run: f2s weights pull"
