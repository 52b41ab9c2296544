"""What a user can mend is one line and an exit code, and leaves nothing half-written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from f2s_ray.models import weights
from tests.media.samples import SAMPLES
from tests.whole.made import Ended, f2s, files, left_aside

ROOT = Path(__file__).resolve().parents[2]
ROOM = 3_000_000


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes(SAMPLES["rgb8.png"]())
    return folder


def outside(before: list[str], *words: object) -> Ended:
    """Run a command in a process of its own, after other words."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    call = [*before, sys.executable, "-c", "from f2s_ray.cli import main; main()", *map(str, words)]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def line_of(ended: Ended, code: int) -> str:
    """The one line of a refusal."""
    assert (ended.code, ended.err.count("\n")) == (code, 1), ended.err
    assert ended.err.startswith("f2s: ")
    return ended.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["photos", "photos/restored"], "inside INPUT"),
        (["photos", "."], "inside OUTPUT"),
        (["fotos", "out"], "fotos is not there"),
        (["photos", "gs://bucket/out"], "give a folder, or s3://BUCKET/PREFIX"),
        (["photos", "out", "--set", "model.tile=256"], "the nearest is model.tile_px"),
        (["photos", "out", "--set", "restore.quality=101"], "restore.quality = 101"),
        (["photos", "out", "-c", "archiv"], "the presets are archive, cluster, film, preview, smoke"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_made(words, part, photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    before = files(photos.parent)
    assert part in line_of(f2s("restore", *words), 2)
    assert files(photos.parent) == before
    assert list(photos.parent.iterdir()) == [photos]


def test_all_faults_are_told_at_once(photos, tmp_path):
    ended = f2s("restore", photos, tmp_path / "out", "--set", "probe.max_megapixels=-1", "--set", "modl.threads=2")
    assert ended.code == 2
    assert "2 faults" in ended.err
    assert "probe.max_megapixels = -1" in ended.err
    assert "modl: no such key" in ended.err
    assert not (tmp_path / "out").exists()


def test_missing_networks_are_named_and_nothing_is_begun(photos, tmp_path):
    ended = f2s("restore", photos, tmp_path / "out", "--set", f"model.weights={tmp_path / 'none'}")
    assert "reference_restorer.safetensors is missing" in line_of(ended, 3)
    assert files(tmp_path / "out") == {}


def test_a_weight_with_another_digest_is_refused_before_anything_is_begun(photos, tmp_path, tiny_weights, monkeypatch):
    spoilt = tmp_path / "cache"
    spoilt.mkdir()
    for name in (weights.FACE_DETECTOR, weights.FACE_EMBEDDER):
        shutil.copy(weights.path(name), spoilt)
    file = spoilt / weights.registry()[weights.FACE_EMBEDDER].file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    monkeypatch.setenv("F2S_CACHE", str(spoilt))
    ended = f2s("restore", photos, tmp_path / "out", "--set", f"model.weights={tiny_weights}")
    message = line_of(ended, 3)
    assert all(part in message for part in (str(file), "SHA-256", "f2s weights pull"))
    assert files(tmp_path / "out") == {}


def test_without_the_right_to_write_it_says_so(photos, tmp_path, without_rights):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    ended = outside(without_rights, "restore", photos, locked / "out")
    assert f"cannot write to OUTPUT {locked / 'out'}: Permission denied" in line_of(ended, 3)
    assert list(locked.iterdir()) == []


def test_a_picture_without_the_right_to_read_is_one_row(photos, tmp_path, without_rights):
    (photos / "a.png").chmod(0)
    ended = outside(without_rights, "index", photos, tmp_path / "out", "--json")
    assert ended.code == 1
    assert '"path": "a.png", "status": "failed", "error_kind": "unreadable"' in ended.out


@pytest.fixture
def small_disk(tmp_path):
    """A file system with three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be made here: that needs root and the right to mount")
    yield folder
    # Lazily: what a process that just ended still holds open there must not fail a test that has passed.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_the_next_run_heals_it(
    photos, tmp_path, tiny_weights, small_disk
):
    for number in range(4):
        (photos / f"{number}.png").write_bytes(SAMPLES["rgb8.png"]())
    out = small_disk / "out"
    words = ("restore", photos, out, "--set", f"model.weights={tiny_weights}", "--quiet")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (ROOM - 90_000 - ROOM % 4096))
    message = line_of(f2s(*words), 3)
    assert "cannot write" in message
    assert "No space left on device" in message
    ballast.unlink()
    assert f2s(*words).code == 0
    assert set(files(out / "restored")) == {"a.png", "0.png", "1.png", "2.png", "3.png"}
    assert left_aside(out) == []
