"""A disk that is full or may not be written to, or turns so in the middle: a line, nothing half-made, and a resume that is exact."""

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
    return ended[2].strip()


def room_of(output: Path) -> int:
    """Bytes that a tree takes on a disk of pages."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in output.rglob("*") if path.is_file())


@pytest.mark.fault("F9", "a line with the reason, no half file under a final name, resume exact")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=LONG) for seed in range(2, 7))])
def test_a_disk_that_fills_up_at_any_moment(seed, calm, command, tell, disk):
    needed = room_of(Path(calm.command.output))
    room = int(needed * random.Random(seed).uniform(0.3, 0.9))
    one = replace(command, output=str(disk / "out"))
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(disk).free - room))  # less is refused before it begins
    line = line_of(one.to_its_end())
    assert "No space left on device" in line
    assert calm.torn(one) == []
    ballast.unlink()
    tell(calm.resumed(one), f"full after {room / 1e6:.2f} of {needed / 1e6:.2f} MB: {shortened(line, disk)}")


def shortened(line: str, disk: Path) -> str:
    return line.replace(str(disk), "DISK")


@pytest.fixture
def failing(tmp_path):
    """A file system of a disk of its own that takes no more writing from its first error on, and where to make that."""
    image, folder = tmp_path / "image", tmp_path / "failing"
    folder.mkdir()
    image.write_bytes(bytes(24 * 2**20))
    for words in (
        ["mkfs.ext4", "-q", str(image)],
        ["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)],
    ):
        if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode != 0:
            pytest.skip("a disk that fails cannot be made here: that needs root, mkfs.ext4 and loop devices")
    device = subprocess.check_output(["findmnt", "-n", "-o", "SOURCE", str(folder)], text=True).strip()
    yield folder, Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error")
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.long
@pytest.mark.fault("F10", "a line with the reason, resume exact")
def test_a_disk_that_turns_read_only(calm, command, tell, failing, tmp_path):
    folder, trigger = failing
    one = replace(command, output=str(folder / "out"))
    job = one.start()
    assert job.until(calm.items // 2)
    trigger.write_text("a test")
    line = line_of(job.ended())
    refused = line_of(one.to_its_end())
    assert "Read-only file system" in line
    assert f"cannot write to OUTPUT {one.output}: Read-only file system" in refused
    assert calm.torn(one) == []
    shutil.copytree(one.output, command.output)  # as from a disk that is taken out
    tell(calm.resumed(command), shortened(line, folder))


@pytest.mark.long
@pytest.mark.fault("F10", "a line with the reason, resume exact")
@pytest.mark.parametrize("name", ["catalog/attempts", "restored", "runs"])
def test_a_folder_that_is_locked_against_changes(name, calm, command, tell):
    Path(command.output, name).mkdir(parents=True)
    words = ["chattr", "+i", f"{command.output}/{name}"]
    if os.geteuid() != 0 or shutil.which("chattr") is None or subprocess.run(words, check=False).returncode != 0:
        pytest.skip(
            "a folder cannot be locked against changes here: that needs root, chattr and a file system that knows it"
        )
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
