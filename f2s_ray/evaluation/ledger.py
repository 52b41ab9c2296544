"""What was measured, as JSON lines keyed by all that decides it: a broken run goes on from there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["Ledger"]

Row = Mapping[str, Any]


class Ledger:
    """Rows by key, kept in one file; the last row of a key counts, and a line that was torn by a crash does not."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._rows: dict[str, Row] = {}
        if file.exists():
            lines = file.read_text(encoding="utf-8").splitlines()
            self._rows = {line["key"]: line["row"] for line in map(_parsed, lines) if line is not None}

    def get(self, key: str) -> Row | None:
        """The row, or None."""
        return self._rows.get(key)

    def put(self, key: str, row: Row) -> Row:
        """Keep a row; returned as it is read back."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"key": key, "row": row}, allow_nan=False)
        with self._file.open("a", encoding="utf-8") as lines:
            lines.write(f"\n{text}\n")
        self._rows[key] = json.loads(text)["row"]
        return self._rows[key]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and {"key", "row"} <= found.keys() else None
