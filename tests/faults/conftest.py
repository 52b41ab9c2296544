import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.judged import Calm, Judged, calm_run
from tests.faults.made import Command, make_archive


@pytest.fixture(scope="session")
def calm(tmp_path_factory, tiny_weights) -> Calm:
    """A run in folders that nobody disturbs."""
    folder = tmp_path_factory.mktemp("calm")
    source = make_archive(folder / "in")
    return calm_run(Command(str(source), str(folder / "out"), tiny_weights))


@pytest.fixture
def command(calm, tmp_path) -> Command:
    """The same INPUT with a fresh OUTPUT."""
    return Command(calm.command.source, str(tmp_path / "out"), calm.command.weights)


@pytest.fixture
def tell(record_property):
    """What the table says of a case that was judged; it must be well."""

    def tell(judged: Judged, was: str) -> None:
        record_property("seen", was)
        record_property("lost", judged.lost)
        record_property("recovery_seconds", round(judged.seconds, 1))
        assert judged.wrong == []

    return tell


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A file system of 20 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be made here: that needs root and the right to mount")
    yield folder
    # Lazily: what a process that just ended still holds open there must not fail a test that has passed.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
