"""Run folders to how far they are."""

import json
from itertools import islice
from typing import Any

from f2s_catalog.place import Place, filesystem, folders_in, inside, read_text

__all__ = ["recent_runs"]

_TAIL_BYTES = 65_536
_MOST_RUNS = 20


def recent_runs(output: Place, most: int = _MOST_RUNS) -> list[dict[str, Any]]:
    """The newest runs first: what was asked, the last event, and how it ended; half-written lines are left out.

    ``state`` is done, failed (some items did), or open: running, or cut off.
    """
    runs = (_run(folder) for folder in reversed(folders_in(output / "runs")))
    return list(islice((run for run in runs if run["command"]), most))  # an erasure has a folder, too


def _run(folder: Place) -> dict[str, Any]:
    facts, summary = _json(folder / "run.json"), _json(folder / "summary.json")
    latest: dict[str, Any] = next((event for event in reversed(_tail(folder / "events.jsonl")) if "step" in event), {})
    state = ("failed" if summary.get("failed") else "done") if summary else "open"
    return {
        "run_id": folder.name,
        "command": str(facts.get("command", "")),
        "state": state,
        "summary": {name: _count(summary, name) for name in ("done", "failed", "skipped", "pending")},
        "step": str(latest.get("step", "")),
        "finished": _count(latest, "finished"),
        "total": _count(latest, "total"),
        "path": str(latest.get("path") or ""),
        "at": str(latest.get("at", "")),
    }


def _count(facts: dict[str, Any], name: str) -> int:
    value = facts.get(name, 0)
    return value if isinstance(value, int) else 0


def _json(path: Place) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tail(path: Place) -> list[dict[str, Any]]:
    """The last events; the first of them is cut off, and the last may be."""
    try:
        with filesystem(path).open_input_file(inside(path)) as file:
            file.seek(max(0, file.size() - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        events += [event] if isinstance(event, dict) else []
    return events
