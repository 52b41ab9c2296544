"""A run to its folder below OUTPUT/runs: what was asked, what happened, how it ended."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from f2s_ray.errors import ConfigError, JobError

if TYPE_CHECKING:
    from f2s_catalog.place import Place

__all__ = ["Run", "new_run_id", "read_run"]


def new_run_id() -> str:
    """A name that sorts by time; it names the folder and stands in the ledger, never in a result."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Run:
    """The folder of one run; ``run.json`` at its start, ``events.jsonl`` on its way, ``summary.json`` at its end."""

    folder: Path

    @classmethod
    def start(cls, output: Path, config: str, facts: Mapping[str, object]) -> "Run":
        """Make the folder.

        Args:
            output: the OUTPUT folder.
            config: the effective configuration.
            facts: the command, INPUT, the steps and whatever else was asked for.

        Raises:
            JobError: it cannot be written.
        """
        run = cls(output / "runs" / new_run_id())
        with run._writable():
            run.folder.mkdir(parents=True)
            run._write("config.yaml", config)
            run._write("run.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return run

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.folder.name

    def log(self, event: Mapping[str, object]) -> None:
        """Append one event. Raises: JobError when it cannot be written."""
        with self._writable(), (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write the summary, whole or not at all. Raises: JobError when it cannot be written."""
        with self._writable():
            self._write("summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JobError(
                f"cannot write {self.folder}: {error.strerror}; make room or give this user the right"
            ) from error

    def _write(self, name: str, text: str) -> None:
        aside = self.folder / f".{name}.tmp"
        aside.write_text(text, encoding="utf-8")
        aside.replace(self.folder / name)


def read_run(output: "Place") -> dict[str, Any]:
    """What the newest run was asked, with its ``run_id``.

    Raises:
        ConfigError: there is none, or it cannot be read.
        CatalogError: its place cannot be read.
    """
    from f2s_catalog.place import folders_in, read_text

    for folder in reversed(folders_in(output / "runs")):
        try:
            return {**json.loads(read_text(folder / "run.json")), "run_id": folder.name}
        except FileNotFoundError:  # it was cut off before it began
            continue
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{folder / 'run.json'} cannot be read: {error}; remove its folder and run the command with INPUT"
            ) from error
    raise ConfigError(f"{output} holds no run; run `f2s restore INPUT {output}` first")
