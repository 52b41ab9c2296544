"""Keys of a bucket are nowhere in what a run leaves or says, and Ray lets nobody in without its token."""

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from f2s_catalog import place, s3_client, storage

from tests.media.samples import SAMPLES
from tests.s3_server import BUCKET, SECRET
from tests.whole.made import f2s

ROOT = Path(__file__).resolve().parents[2]
WRONG, TOKEN, ELSEWHERE = "wrong+5ec7e7/canary==", "token+5ec7e7/canary==", "profile+5ec7e7/canary=="
OPEN_TO_ALL = re.compile(r"gcs_server|raylet|ray::\w+|python[\d.]*")
"""Ray's head, its node, its agents and workers, and the driver listen on all addresses; each asks for the token."""


@dataclass(frozen=True)
class Left:
    """What a run said, and where its files are."""

    code: int
    said: bytes
    folder: Path


def needles(secret: str) -> set[bytes]:
    """A secret as it is, in base64 and as in an address."""
    plain = secret.encode()
    whole = {base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)}
    return {plain, quote(secret, safe="").encode(), *whole}


def found_in(left: Left) -> list[str]:
    """Where a secret stands."""
    sought = set().union(*(needles(secret) for secret in (SECRET, WRONG, TOKEN, ELSEWHERE)))
    texts = {"said": left.said}
    for path in left.folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.name != "credentials":
            texts[str(path)] = path.read_bytes()
    return [name for name, text in texts.items() if any(needle in text for needle in sought)]


def watched(folder: Path, words: list[object], **variables: str) -> Left:
    (folder / "tmp").mkdir(parents=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RAY_"))}
    own = {"TMPDIR": str(folder / "tmp"), "AWS_SHARED_CREDENTIALS_FILE": str(_profile(folder))}
    environment = {**clean, **own, **variables, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    call = [sys.executable, "-m", "tests.security.watched_run", str(folder), *map(str, words)]
    done = subprocess.run(call, env=environment, cwd=ROOT, capture_output=True, timeout=600, check=False)
    return Left(done.returncode, done.stdout + done.stderr, folder)


def _profile(folder: Path) -> Path:
    file = folder / "credentials"
    file.write_text(f"[default]\naws_access_key_id=one\naws_secret_access_key={ELSEWHERE}\n")
    return file


@pytest.fixture
def photos(s3, variables):
    there = place.S3Prefix(BUCKET, "secrets/photos")
    storage.write(there / "a.png", SAMPLES["rgb8.png"]())
    storage.write(there / "broken.png", SAMPLES["rgb8.png"]()[:-40])
    return there


@pytest.mark.parametrize("engine", ["local", pytest.param("ray", marks=pytest.mark.engine)])
def test_no_key_is_in_any_file_or_line_and_ray_wants_its_token(engine, photos, s3, tmp_path):
    words = ["index", photos, tmp_path / "out", "-v", *(["--ray", "local"] if engine == "ray" else [])]
    left = watched(tmp_path, words, **s3.variables)
    assert left.code == 1, left.said[-2000:]
    assert b"1 done, 1 failed" in left.said
    assert found_in(left) == []
    if engine == "ray":
        assert any((tmp_path / "ray").rglob("*.log"))
        _check_ray(json.loads((tmp_path / "sockets.json").read_text()))


def _check_ray(seen: dict) -> None:
    assert seen["mode"] == 0o700
    assert (seen["with token"], seen["without token"] != 0) == (0, True)
    open_to_all = {name for name, address, _ in seen["listening"] if address not in ("127.0.0.1", "::1")}
    assert [name for name in open_to_all if not OPEN_TO_ALL.fullmatch(name)] == []
    assert 8265 not in {port for _, _, port in seen["listening"]}


@pytest.mark.parametrize(
    "variables_of_the_run",
    [
        {"AWS_SECRET_ACCESS_KEY": WRONG},
        {"AWS_SESSION_TOKEN": TOKEN},
        {"AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": ""},
        {"AWS_ENDPOINT_URL": f"http://one:{quote(WRONG, safe='')}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"http://one:{quote(WRONG, safe='')}@nas:9"},
    ],
    ids=["wrong key", "token", "profile", "key in an address", "key in an address elsewhere"],
)
def test_a_run_that_fails_tells_no_key(variables_of_the_run, photos, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(_profile(tmp_path)))
    for name, value in variables_of_the_run.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    s3_client.client.cache_clear()
    place._s3.cache_clear()
    ended = f2s("index", photos, tmp_path / "out", "-v")
    assert ended.code in (1, 2, 3)
    assert "Traceback" not in ended.err
    assert found_in(Left(ended.code, (ended.out + ended.err).encode(), tmp_path)) == []


def test_a_key_in_the_address_of_a_place_is_not_repeated(tmp_path):
    ended = f2s("index", f"s3://one:{WRONG}@films/photos", tmp_path / "out")
    assert ended.code == 2
    assert found_in(Left(2, (ended.out + ended.err).encode(), tmp_path)) == []


def test_the_search_finds_a_key_in_every_spelling(tmp_path):
    for secret in (SECRET, WRONG):
        for text in (secret, quote(secret, safe=""), base64.b64encode(f"key: {secret}".encode()).decode()):
            assert found_in(Left(0, text.encode(), tmp_path)) == ["said"], text
