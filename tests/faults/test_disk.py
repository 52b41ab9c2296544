"""A disk that is full, may not be written to, or turns so in the middle: one line, nothing half-made, and afterwards as if nothing had been."""

import os
import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

LONG = [pytest.mark.long]


def line_of(ended, code=3):
    """The one line of a job that could not run."""
    assert (ended[0], ended[2].count("\n")) == (code, 1), ended[2]
    assert ended[2].startswith("f2s: ")
    assert "done, " not in ended[1]
    return ended[2].strip()


def room_of(output: Path) -> int:
    """Bytes that a tree takes on a disk of pages."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in output.rglob("*") if path.is_file())


@pytest.mark.fault("F9", "a line with the reason, no half file under a final name, resume exact")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=LONG) for seed in range(2, 7))])
def test_a_disk_that_fills_up_at_any_moment(seed, calm, command, tell, disk):
    needed = room_of(Path(calm.command.output))
    room = int(needed * random.Random(seed).uniform(0.05, 0.95))
    one = replace(command, output=str(disk / "out"))
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - max(room, 250_000)))  # less is refused before it begins
    line = line_of(one.to_its_end())
    assert "No space left on device" in line
    assert calm.torn(one) == []
    ballast.unlink()
    tell(calm.resumed(one), f"full after {room / 1e6:.2f} of {needed / 1e6:.2f} MB: {shortened(line, disk)}")


def shortened(line: str, disk: Path) -> str:
    return line.replace(str(disk), "DISK")


@pytest.mark.fault("F10", "a line with the reason, resume exact")
def test_a_disk_that_may_not_be_written_to_any_more(calm, command, tell, disk):
    one = replace(command, output=str(disk / "out"))
    job = one.start()
    assert job.until(calm.items // 2)
    remount(disk, "ro")
    try:
        line = line_of(job.ended())
        refused = line_of(one.to_its_end())
    finally:
        remount(disk, "rw")
    assert "Read-only file system" in line
    assert f"cannot write to OUTPUT {one.output}: Read-only file system" in refused
    assert calm.torn(one) == []
    tell(calm.resumed(one), shortened(line, disk))


def remount(disk, how):
    # What is being written at this moment is waited for.
    for _ in range(100):
        if subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], capture_output=True, check=False).returncode == 0:
            return
    raise AssertionError(f"cannot remount {disk} {how}")


@pytest.mark.long
@pytest.mark.fault("F10", "a line with the reason, resume exact")
@pytest.mark.parametrize("name", ["catalog/attempts", "restored", "runs"])
def test_a_folder_that_is_locked_against_changes(name, calm, command, tell):
    Path(command.output, name).mkdir(parents=True)
    words = ["chattr", "+i", f"{command.output}/{name}"]
    if os.geteuid() != 0 or shutil.which("chattr") is None or subprocess.run(words, check=False).returncode != 0:
        pytest.skip("a folder cannot be locked against changes here: that needs root, chattr and a file system that knows it")
    try:
        line = line_of(command.to_its_end())
    finally:
        subprocess.run(["chattr", "-i", words[-1]], check=True)
    assert "Operation not permitted" in line
    assert calm.torn(command) == []
    tell(calm.resumed(command), line.replace(command.output, "OUTPUT"))


@pytest.mark.long
@pytest.mark.fault("F10", "refused before work begins")
def test_another_user_without_the_right_to_write(calm, command, tell, tmp_path_factory):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("another user cannot be had here: that needs root and setpriv")
    setpriv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    open_to_all(Path(calm.command.source), calm.command.weights, Path(command.output).parent)
    Path(command.output).mkdir(mode=0o755)
    home = tmp_path_factory.mktemp("home")
    cache = {"F2S_CACHE": str(Path("~/.cache/f2s").expanduser())} if "F2S_CACHE" not in os.environ else {}
    nobody = replace(command, before=setpriv, variables={"HOME": str(home), **cache})
    line = line_of(nobody.to_its_end())
    assert f"cannot write to OUTPUT {command.output}: Permission denied" in line
    assert list(Path(command.output).iterdir()) == []
    tell(calm.resumed(command), line.replace(command.output, "OUTPUT"))


def open_to_all(*folders):
    for folder in folders:
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == os.geteuid() and parent != Path(parent.anchor):
                parent.chmod(parent.stat().st_mode | 0o055)
