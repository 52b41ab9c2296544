"""A run to its folder below OUTPUT/runs: what was asked, what happened, how it ended."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from f2s_catalog.place import Place, folders_in, read_text
from f2s_catalog.storage import look, write

from f2s_ray.errors import ConfigError, JobError

__all__ = ["Run", "has_run", "new_run_id", "read_run"]

_PUT_SECONDS = 10.0
_SHARE = 50.0


def new_run_id() -> str:
    """A name that sorts by time; it names the folder and stands in the ledger, never in a result."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class Run:
    """The folder of one run; ``run.json`` at its start, ``events.jsonl`` on its way, ``summary.json`` at its end.

    In a bucket, where nothing can be appended to, events are put there every now and then, and at the end.

    Args:
        folder: where it lies; its name is that of the run.
    """

    def __init__(self, folder: Place) -> None:
        self.folder = folder
        self._events: list[str] = []
        self._put_at = 0.0

    @classmethod
    def start(cls, output: Place, config: str, facts: Mapping[str, object]) -> "Run":
        """Make the folder.

        Args:
            output: the OUTPUT place.
            config: the effective configuration.
            facts: the command, INPUT, the steps and whatever else was asked for.

        Raises:
            JobError: it cannot be written.
        """
        run = cls(output / "runs" / new_run_id())
        run._write("config.yaml", config)
        run._write("run.json", json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        return run

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.folder.name

    def log(self, event: Mapping[str, object]) -> None:
        """Append one event. Raises: JobError when it cannot be written."""
        line = json.dumps(event, ensure_ascii=False) + "\n"
        if isinstance(self.folder, Path):
            with self._writable(), (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
                file.write(line)
            return
        self._events.append(line)
        if time.monotonic() - self._put_at > _PUT_SECONDS:
            self._put_events()

    def close(self) -> None:
        """Put the last events; nothing is logged after that. Raises: JobError when they cannot be written."""
        if self._events:
            self._put_events()

    def finish(self, summary: Mapping[str, object]) -> None:
        """Write the summary, whole or not at all. Raises: JobError when it cannot be written."""
        self._write("summary.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise JobError(
                f"cannot write {self.folder}: {error.strerror}; make room or give this user the right"
            ) from error

    def _put_events(self) -> None:
        begin = time.monotonic()
        self._write("events.jsonl", "".join(self._events))
        now = time.monotonic()
        self._put_at = now + _SHARE * (now - begin)  # of a long run less often, since each time all are put

    def _write(self, name: str, text: str) -> None:
        with self._writable():
            write(self.folder / name, text.encode())


def has_run(output: Place) -> bool:
    """Whether a run began there; one that was cut off before that leaves an empty folder."""
    return any(look(folder / "run.json") for folder in folders_in(output / "runs"))


def read_run(output: Place) -> dict[str, Any]:
    """What the newest run was asked, with its ``run_id``.

    Raises:
        ConfigError: there is none, or it cannot be read.
        CatalogError: its place cannot be read.
    """
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
