import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.whole.made import Ended, f2s, files, make_archive


@dataclass(frozen=True)
class Archive:
    """INPUT, OUTPUT, and the command that goes from one to the other."""

    source: Path
    output: Path
    weights: Path

    @property
    def words(self) -> tuple[str, ...]:
        return ("restore", str(self.source), str(self.output), "--set", f"model.weights={self.weights}")

    def restore(self, *more: str) -> Ended:
        return f2s(*self.words, *more)


@dataclass(frozen=True)
class Restored:
    """An archive after its first run; nobody may change it."""

    archive: Archive
    ended: Ended
    source_before: dict[str, tuple[str, int]]


@pytest.fixture(scope="session")
def restored(tmp_path_factory, tiny_weights) -> Restored:
    folder = tmp_path_factory.mktemp("whole")
    archive = Archive(make_archive(folder / "photos"), folder / "restored photos", tiny_weights)
    before = files(archive.source)
    return Restored(archive, archive.restore(), before)


@pytest.fixture
def copied(restored, tmp_path) -> Archive:
    """The restored archive at another place, to be changed."""
    for part in ("catalog", "restored"):
        shutil.copytree(restored.archive.output / part, tmp_path / "out" / part)
    return Archive(make_archive(tmp_path / "photos"), tmp_path / "out", restored.archive.weights)


@pytest.fixture
def elsewhere(restored, tmp_path) -> Archive:
    """The same INPUT with a fresh OUTPUT."""
    return Archive(restored.archive.source, tmp_path / "out", restored.archive.weights)


@pytest.fixture
def without_rights() -> list[str]:
    """Words before a command that let file modes count for root as for everybody; none for other users."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and setpriv is not there to give that up")
    beyond_modes = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={beyond_modes}", f"--inh-caps={beyond_modes}"]
