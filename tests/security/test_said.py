"""Names of files drive neither a terminal nor a reader of lines."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.whole.made import f2s

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "a\nb.jpg",
    "c\x1b]0;pwned\x07.jpg",
    "d\x9b31mred.jpg",
    "e\u202egpj.jpg",
    "f\r\ng.jpg",
    "h\u2028i.jpg",
    "j\x85k.jpg",
)
EVIL = ("\x1b]0;pwned", "\x07", "\x9b31m", "\u202e", "\u2028", "\x85")


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos").mkdir()
    for name in NAMES:
        (tmp_path / "photos" / name).write_bytes(b"")
    return tmp_path / "photos"


def test_each_line_of_a_pipe_and_of_the_log_is_one_event(photos, tmp_path):
    ended = f2s("index", photos, tmp_path / "out", "--json")
    told = ended.out + f2s("failed", tmp_path / "out").out
    assert not [word for word in EVIL if word in told + ended.err]
    lines = [json.loads(line) for line in told.splitlines()]
    assert {line["path"] for line in lines if "path" in line} == set(NAMES)
    (log,) = (tmp_path / "out" / "runs").rglob("events.jsonl")
    assert all(isinstance(json.loads(line), dict) for line in log.read_text().split("\n") if line)


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made as Unix does")
def test_a_terminal_shows_names_and_does_not_do_what_they_say(photos, tmp_path):
    shown = b""
    for words in (
        ["index", photos, tmp_path / "out", "-v"],
        ["failed", tmp_path / "out"],
        ["status", tmp_path / "out"],
    ):
        ours, theirs = pty.openpty()
        call = [sys.executable, "-c", "from f2s_ray.cli import main; main()", *map(str, words)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}", "COLUMNS": "200", "TERM": "xterm"}
        with subprocess.Popen(call, env=environment, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL) as process:
            os.close(theirs)
            while chunk := read(ours):
                shown += chunk
            process.wait(300)
        os.close(ours)
    text = shown.decode()
    assert "pwned" in text
    assert not [word for word in EVIL if word in text]


def read(terminal: int) -> bytes:
    """What comes next; nothing at the end."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
