"""What is being worked on, written down before it begins, so that an item that kills its process is known by the next one.

::

    inflight-<digest of step, item, fingerprint>     in which session, and how many processes died at it

They lie in the work folder of OUTPUT, or where all workers are on this machine and OUTPUT is a bucket, in one of this machine.
A process that dies of its item leaves that file; who gets the item next counts one more. After ``MOST_DEATHS`` the item
fails with the kind ``crashed`` and is left alone: a poison file neither stops a run nor is tried for ever. That file stays
until the run ends, for the process may die of another item before this is committed. A run that was killed from outside leaves
such files, too; the next one takes the count over, and adds nothing for that.

Where several items are worked on at once, all of them are under suspicion when their process dies: from then on each of
them is run alone, so the innocent ones end well.

An item that is refused the memory that it asks for fails, too, with the kind ``memory``.
"""

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from f2s_catalog.errors import CatalogError
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Outcome
from f2s_catalog.place import Place, place
from f2s_catalog.records import Attempt, Record
from f2s_catalog.storage import read, remove, walk, write
from pydantic import BaseModel, ConfigDict

from f2s_ray.engines.overlap import Turns
from f2s_ray.engines.watched import busy
from f2s_ray.flows.step import Stage, attempt

__all__ = ["CRASHED", "MOST_DEATHS", "InFlight"]

CRASHED = "crashed"
MOST_DEATHS = 3
_PREFIX = "inflight-"
_MEMORY = "memory"
_turns, _lock = Turns(), Lock()
_deadlines: dict[object, float] = {}
_OUT_OF_MEMORY = re.compile("can't allocate memory|out of memory", re.IGNORECASE)  # torch, which raises RuntimeError
_MESSAGES = {
    CRASHED: f"{MOST_DEATHS} processes died at it or took too long (step {{step}}); it is left alone, "
    f"`f2s retry --kind {CRASHED}` tries again",
    _MEMORY: f"needs more memory than there is (step {{step}}); make room, then `f2s retry --kind {_MEMORY}`",
}


class InFlight(BaseModel):
    """The items of one run; travels to its workers.

    Attributes:
        folder: where they lie.
        session: what outlives a process that dies of its item; only deaths in the same one count.
        limit_seconds: how long an item may take; then its process is ended, which is a death. None: as long as it likes.
    """

    model_config = ConfigDict(frozen=True)
    folder: str
    session: str
    limit_seconds: float | None = None

    def attempt(self, stage: Stage, record: Record, started: Attempt) -> Outcome:
        """As that function, unless too many processes died at the item.

        Raises:
            CatalogError: what is in flight cannot be written down.
        """
        marker = place(self.folder) / f"{_PREFIX}{digest(started.step, started.item_id, started.fingerprint)}"
        with _written(marker):
            deaths = self._deaths(marker)
        with _turns.taken(alone=deaths > 0):
            return self._attempt(stage, record, started, (marker, deaths))

    def _attempt(self, stage: Stage, record: Record, started: Attempt, noted: tuple[Place, int]) -> Outcome:
        marker, deaths = noted
        said = {"session": self.session, "deaths": deaths, "step": started.step, "path": started.path}
        with _written(marker):
            _put(marker, json.dumps(said).encode())
        if deaths >= MOST_DEATHS:
            return _failed(started, CRASHED)
        try:
            with busy(), _limited(self.limit_seconds):
                return attempt(stage, record, started)
        except (MemoryError, RuntimeError) as error:
            if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
                raise
            return _failed(started, _MEMORY)
        finally:
            with suppress(OSError):
                remove(marker)

    def is_idle(self) -> bool:
        """Whether nobody is at work at an item of this run, as far as is known."""
        folder = place(self.folder)
        with suppress(OSError):
            found = [_said(folder / one.path) for one in walk(folder) if one.path.startswith(_PREFIX)]
            return all(said.get("session") != self.session or said["deaths"] >= MOST_DEATHS for said in found)
        return False

    def close(self) -> None:
        """Remove what tells of items that are left alone, and the folder, where it is empty."""
        folder = place(self.folder)
        with suppress(OSError):
            for found in walk(folder):
                if found.path.startswith(_PREFIX) and self._deaths(folder / found.path) > MOST_DEATHS:
                    remove(folder / found.path)
            if isinstance(folder, Path):
                folder.rmdir()

    def _deaths(self, marker: Place) -> int:
        before = _said(marker)
        if not before:
            return 0
        deaths, is_ours = int(before["deaths"]), before["session"] == self.session
        return deaths + is_ours if is_ours or deaths < MOST_DEATHS else 0  # asked for again, or it would not come


def _said(marker: Place) -> dict[str, Any]:
    """What stands there; nothing where nothing does, or half of it."""
    try:
        return dict(json.loads(read(marker)))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}


@contextmanager
def _written(marker: Place) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CatalogError(f"cannot write {marker}: {error.strerror}; make room or grant the right") from error


def _put(marker: Place, content: bytes) -> None:
    """A process may die of what comes next, but not the machine: nothing waits for the disk."""
    if isinstance(marker, Path):
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.write_bytes(content)
    else:
        write(marker, content)


@contextmanager
def _limited(seconds: float | None) -> Iterator[None]:
    """The system ends the process when the time of one is over, even where it is inside a library that never comes back."""
    if seconds is None:
        yield
        return
    item = object()
    try:
        with _lock:
            _deadlines[item] = time.monotonic() + seconds
            _set_alarm()
        yield
    finally:
        with _lock:
            _deadlines.pop(item, None)
            _set_alarm()


def _set_alarm() -> None:
    left = min(_deadlines.values()) - time.monotonic() if _deadlines else 0.0
    signal.setitimer(signal.ITIMER_REAL, max(left, 1e-3) if _deadlines else 0.0)


def _failed(started: Attempt, kind: str) -> Outcome:
    message = f"{started.path}: {_MESSAGES[kind].format(step=started.step)}"
    trouble = {"status": "failed", "error_kind": kind, "message": message}
    return Outcome(started.model_copy(update=trouble), ())
