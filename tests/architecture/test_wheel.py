"""The wheel holds two import roots, the weights, the presets and the templates; alone, it can look at a catalog."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="needs f2s-ray[dev]")

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "ray", "cv2", "numpy", "diffusers", "insightface", "onnxruntime", "faiss", "PIL", "jinja2")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


def test_it_has_two_import_roots_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"f2s_ray", "f2s_catalog"}


def test_all_that_is_no_code_came_along(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    suffixes = (".yaml", ".safetensors", ".json", ".j2", ".html", ".css", ".js", ".svg", ".typed", ".md")
    data = [path for path in (ROOT / "f2s_ray").rglob("*") if path.suffix in suffixes or path.name == "py.typed"]
    assert {str(path.relative_to(ROOT)) for path in data} <= names
    assert {"f2s_ray/configs/archive.yaml", "f2s_catalog/py.typed"} <= names


def test_without_the_extras_it_answers_queries(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "out" / "catalog").mkdir(parents=True)
    script = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {HEAVY!r}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Absent())
from f2s_ray.cli import main
main(sys.argv[1:])
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}

    def f2s(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    answer = f2s("query", "out", "SELECT count(*) AS n FROM media")
    assert (answer.returncode, answer.stdout) == (0, '{"n": 0}\n'), answer.stderr
    found = f2s("find", "out", "-person:Ann")
    assert (found.returncode, found.stdout) == (2, ""), found.stderr
    assert "there is no person 'Ann'" in found.stderr
    nothing = f2s("find", "out", "kind:film faces:>=2")
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "f2s: nothing found\n")
    (tmp_path / "photos").mkdir()
    refused = f2s("restore", "photos", "restored")
    assert refused.returncode == 3
    assert "pip install 'f2s-ray[restore]'" in refused.stderr
    assert refused.stderr.count("\n") == 1
