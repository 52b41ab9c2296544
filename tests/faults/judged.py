"""Runs that were disturbed, against one that nobody disturbed: what the checker says, bytes, rows, and what was done twice."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from f2s_catalog.place import place
from pyarrow import fs

from tests.faults.checker import Seen, digests, torn, violations
from tests.faults.made import Command
from tests.whole.made import f2s, rows

__all__ = ["Calm", "Judged", "again", "calm_run", "seen"]

# What differs between a folder and a bucket with its copy, and what is derived from that, as is the name of a segment.
_OF_A_BUCKET = frozenset({"etag", "modified_ns", "fingerprint", "task_id", "item_id", "seed"})


@dataclass(frozen=True)
class Judged:
    """What is wrong (nothing, if all is well), how many results are lost, how long the run took that came last."""

    wrong: list[str]
    lost: int
    seconds: float


@dataclass(frozen=True)
class Calm:
    """What an undisturbed run left: digests of INPUT and of results, rows by table, how many items it finished."""

    command: Command
    before: Mapping[str, str]
    tree: Mapping[str, str]
    tables: Mapping[str, list[dict[str, object]]]
    items: int
    files: fs.FileSystem | None = None

    def torn(self, command: Command) -> list[str]:
        """What is not whole of what a run left that did not come to its end."""
        return torn(self.tree, seen(command.output, self.files))

    def resumed(self, command: Command) -> Judged:
        """Run it to its end and judge; and once more, when nothing may happen."""
        begin = time.monotonic()
        ended = command.to_its_end()
        seconds = time.monotonic() - begin
        wrong, lost = self.judged(command, ended)
        third = f2s(*command.words)
        if '"event": "item"' in third.out or third.code != ended[0]:
            wrong.append(f"I6 one run more ended with {third.code} after {third.out[-500:]}")
        return Judged(wrong, lost, seconds)

    def judged(self, command: Command, ended: tuple[int, str, str]) -> tuple[list[str], int]:
        """What is wrong after a run that came to its end, and how many results are lost."""
        source, output = seen(command.source, self.files), seen(command.output, self.files)
        wrong = violations(dict(self.before), source, output, ended[:2])
        tree, tables = digests(output, "restored"), rows(place(command.output))
        wrong += [
            f"restored/{path} has other bytes"
            for path in tree.keys() & self.tree.keys()
            if tree[path] != self.tree[path]
        ]
        is_same = _is_folder(command.source) == _is_folder(self.command.source)
        for name, found in tables.items():
            here, there = _told(found, is_same), _told(self.tables[name], is_same)
            if here != there:
                wrong.append(f"other rows in {name}: {_difference(here, there)}")
        if wrong:
            wrong.append(f"code {ended[0]}: {ended[2][-2000:]}")
        return wrong, len(self.tree.keys() - tree.keys())


def calm_run(command: Command, files: fs.FileSystem | None = None) -> Calm:
    """Run it undisturbed. Raises: AssertionError where something is wrong even so."""
    source, output = seen(command.source, files), seen(command.output, files)
    before = digests(source)
    ended = command.to_its_end()
    assert violations(before, source, output, ended[:2]) == [], ended
    items = ended[1].count('"event": "item"')
    return Calm(command, before, digests(output, "restored"), rows(place(command.output)), items, files)


def seen(word: str, files: fs.FileSystem | None = None) -> Seen:
    """A place as the checker looks at it; ``files`` is for buckets."""
    return Seen.folder(Path(word)) if _is_folder(word) else Seen(files, word.removeprefix("s3://"))


def again(output: Seen) -> int:
    """Items that were finished more than once over all runs."""
    done: list[tuple[str, str]] = []
    for path, full in output.below("runs").items():
        if path.endswith("events.jsonl"):
            events = [json.loads(line) for line in output.bytes(full).decode().splitlines() if line.endswith("}")]
            done += [(event["step"], event["path"]) for event in events if event["event"] == "item"]
    return len(done) - len(set(done))


def _difference(here: list[dict[str, object]], there: list[dict[str, object]]) -> str:
    """The first row that only one of them has, from each."""
    known, expected = set(map(repr, here)), set(map(repr, there))
    more, fewer = (
        next((row for row in map(repr, rows) if row not in other), "")[:500]
        for rows, other in ((here, expected), (there, known))
    )
    return f"{len(here)} rows, {len(there)} expected; there is {more!r}, there should be {fewer!r}"


def _is_folder(word: str) -> bool:
    return isinstance(place(word), Path)


def _told(found: list[dict[str, object]], is_same: bool) -> list[dict[str, object]]:
    if is_same:
        return found
    alike = (
        {name: value for name, value in row.items() if name not in _OF_A_BUCKET and not str(value).startswith("work/")}
        for row in found
    )
    return sorted(alike, key=repr)
