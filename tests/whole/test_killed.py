"""A run that is killed again and again ends with the bytes and the tables of one that nobody disturbed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from f2s_ray.stages.outputs import WORK
from tests.whole.made import files, left_aside, rows

ROOT = Path(__file__).resolve().parents[2]
LIVES = {
    "faces are on disk, their attempts are not": ("/catalog/attempts/", 4),
    "a result is whole but has not got its name": (f"/{WORK}/", 3),
    "results have their names, their rows are not on disk": ("/catalog/restored_segments/", 1),
    "two results are in their place": ("/out/restored/", 3),
    "all is done but the page": ("report.html", 1),
}


def live(archive, place: str, count: int) -> int:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    words = [sys.executable, "-m", "tests.whole.life", place, str(count), *archive.words, "--quiet"]
    return subprocess.run(words, env=environment, cwd=ROOT, check=False).returncode


@pytest.mark.slow
@pytest.mark.fault("F18", "killed just before a file gets its name: exact in the end")
def test_killed_in_each_of_its_lives_it_ends_like_an_undisturbed_run(restored, elsewhere):
    for moment, (place, count) in LIVES.items():
        assert live(elsewhere, place, count) == -9, moment
    ended = elsewhere.restore()
    undisturbed = restored.archive.output
    assert files(elsewhere.output / "restored") == files(undisturbed / "restored")
    assert rows(elsewhere.output) == rows(undisturbed)
    assert left_aside(elsewhere.output) == []
    assert (ended.code, ended.out.splitlines()[-1]) == (1, restored.ended.out.splitlines()[-1])
