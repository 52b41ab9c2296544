"""What lies in jobs/ fits the schemas of those who read it, and the versions, commands and names in it are ours."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer
import yaml

from f2s_ray import __version__
from f2s_ray.cli.app import app
from f2s_ray.config import load

jsonschema = pytest.importorskip("jsonschema", reason="comes with f2s-ray[cluster]")

ROOT = Path(__file__).resolve().parents[2]
JOBS = ROOT / "jobs"
PINNED = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)


def loaded(name):
    return yaml.safe_load((JOBS / name).read_text())


def test_the_cluster_is_one_by_the_schema_that_ray_ships():
    schema = Path(find_spec("ray").origin).parent / "autoscaler" / "ray-schema.json"
    cluster = loaded("cluster.yaml")
    jsonschema.validate(cluster, json.loads(schema.read_text()))
    assert cluster["head_node_type"] in cluster["available_node_types"]
    assert all(
        "RAY_AUTH_MODE=token ray start" in cluster[f"{part}_start_ray_commands"][-1] for part in ("head", "worker")
    )
    assert "--dashboard-host=127.0.0.1" in cluster["head_start_ray_commands"][-1]


def test_the_job_on_kubernetes_has_only_fields_that_kuberay_knows():
    job = loaded("rayjob.yaml")
    jsonschema.validate(job, json.loads((ROOT / "tests/jobs/rayjob_schema.json").read_text()))
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["rayVersion"] == PINNED["ray"]
    assert cluster["authOptions"] == {"mode": "token"}
    words = shlex.split(job["spec"]["entrypoint"].partition("||")[0])
    command = typer.main.get_command(app).commands[words[1]]
    assert command.make_context("f2s", words[2:])


def test_there_is_one_image_and_it_is_of_this_version():
    images = re.findall(
        r"f2s-ray:(\S+)", "".join((ROOT / path).read_text() for path in ("jobs/cluster.yaml", "jobs/rayjob.yaml"))
    )
    assert set(images) == {__version__}


def test_the_preset_fits_both_clusters():
    engine = load("cluster", []).engine
    nodes = loaded("cluster.yaml")["available_node_types"]
    assert nodes["restorers"]["resources"]["GPU"] >= engine.gpus_per_worker
    pods = {
        group["groupName"]: group["template"]["spec"]
        for group in loaded("rayjob.yaml")["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    }
    assert "nvidia.com/gpu" in pods["restorers"]["containers"][0]["resources"]["limits"]
    assert "nvidia.com/gpu" not in pods["readers"]["containers"][0]["resources"]["limits"]


def test_nothing_in_jobs_holds_a_key():
    for path in JOBS.iterdir():
        assert not re.search(r"(?i)(SECRET_ACCESS_KEY|RAY_AUTH_TOKEN)\s*[=:]\s*\S", path.read_text()), path


def test_the_image_passes_the_linter_and_takes_the_versions_that_are_pinned():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint has no wheel for this system")
    ended = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")
    text = (ROOT / "Dockerfile").read_text()
    assert text.count("pip install") == text.count("--constraint constraints.txt") + text.count(
        "opencv-python-headless=="
    )
    assert re.search(r"opencv-python-headless==(\S+)", text)[1] == PINNED["opencv-python"]
    assert re.findall(r"^FROM (\S+)", text, re.M) == ["python:3.11.14-bookworm", "python:3.11.14-slim-bookworm"]
    assert re.findall(r"^USER (\S+)", text, re.M) == ["1000"]


def test_the_dashboard_is_whole_and_the_readme_names_the_metrics_that_it_draws():
    board = json.loads((JOBS / "grafana.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        assert panel["targets"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
    drawn = {re.sub("_bucket$", "", name) for name in names_drawn()}
    assert drawn == set(re.findall(r"^\| `(ray_f2s_\w+)`", (JOBS / "README.md").read_text(), re.M))


def names_drawn():
    """Metrics that the dashboard asks for."""
    board = json.loads((JOBS / "grafana.json").read_text())
    return {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"ray_f2s_\w+", target["expr"])
    }
