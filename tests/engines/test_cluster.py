"""A cluster of several nodes: who works where, nodes that come, and one that goes in the middle."""

import shutil
import tempfile

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, Shot

from f2s_ray.engines.ray_settings import set_token
from tests.engines.placed import notes, placed_flow

ray_data = pytest.importorskip("f2s_ray.engines.ray_data")

from ray.cluster_utils import Cluster  # noqa: E402 (after what it reads from the environment)

pytestmark = pytest.mark.engine
FILES = 24
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 3,
}


@pytest.fixture
def cluster(monkeypatch):
    """A head that works at nothing; each test adds its nodes."""
    set_token()
    folder = tempfile.mkdtemp(prefix="f2s-", dir="/tmp")
    monkeypatch.setenv("RAY_TMPDIR", folder)
    head = {"num_cpus": 0, "object_store_memory": 10**8, "include_dashboard": False}
    running = Cluster(initialize_head=True, head_node_args={**head, "_system_config": QUICK_TO_NOTICE})
    yield running
    running.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for index in range(FILES):
        (folder / f"{index:02}.png").write_bytes(b"x")
    return folder


def node(cluster, **more):
    return cluster.add_node(num_cpus=1, object_store_memory=10**8, **more)


def run(cluster, folder, output, seconds, on_progress=lambda _: None, **config):
    settings = ray_data.RayConfig(address=cluster.address, items_per_block=1, **config)
    catalog = Catalog(output)
    ray_data.run(placed_flow(folder, seconds), catalog, "run", config=settings, on_progress=on_progress)
    return catalog


def after(step, finished, act):
    """A progress call that acts once, when so many items of the step have ended."""
    acts = [act]

    def on_progress(progress):
        if acts and progress.attempt and progress.step == step and progress.finished == finished:
            acts.pop()()

    return on_progress


def test_steps_with_large_networks_run_where_gpus_are_and_all_nodes_do_the_rest(cluster, folder, tmp_path):
    one, gpu = node(cluster), node(cluster, num_gpus=1)
    run(cluster, folder, tmp_path / "out", 0.1, gpus_per_worker=1.0)
    assert {where for _, where, _ in notes(folder, "probe")} == {one.node_id, gpu.node_id}
    assert {where for _, where, _ in notes(folder, "split")} == {gpu.node_id}


def test_two_workers_share_a_processor_where_half_a_one_is_asked_for(cluster, folder, tmp_path):
    node(cluster)
    run(cluster, folder, tmp_path / "out", 0.1, cpus_per_worker=0.5)
    assert len({process for *_, process in notes(folder)}) == 2


def test_a_node_that_comes_is_used_at_once_and_one_that_goes_costs_nothing_but_time(cluster, folder, tmp_path):
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(folder, undisturbed)
    first, _ = node(cluster), node(cluster)
    expected = run(cluster, undisturbed, tmp_path / "expected", 0.0, workers=3)
    come = []

    def changing():
        come.append(node(cluster))
        cluster.remove_node(first, allow_graceful=False)

    catalog = run(cluster, folder, tmp_path / "out", 0.5, after("probe", 6, changing), workers=3)
    begun = notes(folder)
    assert come[0].node_id in {where for _, where, _ in begun}
    assert len(begun) - FILES <= 4  # what was in flight on the node, and nothing else, ran twice
    assert {path for path, *_ in begun} == {path.name for path in folder.iterdir()}
    for record_type in (MediaItem, Shot):
        assert catalog.table(record_type).equals(expected.table(record_type))
    assert all(attempt.status == "done" for attempt in catalog.attempts())
