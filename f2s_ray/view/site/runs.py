"""Run folders to how far they are."""

import json
from pathlib import Path
from typing import Any

__all__ = ["recent_runs"]

_TAIL_BYTES = 65_536
_MOST_RUNS = 20


def recent_runs(output: Path) -> list[dict[str, Any]]:
    """The newest runs first: what was asked, the last event, and how it ended; half-written lines are left out."""
    folders = sorted((path.parent for path in output.glob("runs/*/run.json")), key=lambda one: one.name, reverse=True)
    return [_run(folder) for folder in folders[:_MOST_RUNS]]


def _run(folder: Path) -> dict[str, Any]:
    facts, summary = _json(folder / "run.json"), _json(folder / "summary.json")
    events = _tail(folder / "events.jsonl")
    latest: dict[str, Any] = next((event for event in reversed(events) if "step" in event), {})
    return {"run_id": folder.name, "command": facts.get("command", ""), "latest": latest, "summary": summary}


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tail(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
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
