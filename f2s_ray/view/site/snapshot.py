"""A catalog to tables in memory that pages are made of; read again when a fragment is added.

Vectors stay where they are: what pages need of 100,000 pictures are some dozen megabytes.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from f2s_catalog.store import catalog_folder
from f2s_catalog.views import VIEWS, connect

__all__ = ["Row", "Snapshot"]

Row = Mapping[str, Any]

_TABLES = {
    "people": "FROM people",
    "sightings": "FROM sightings",
    "media": "SELECT media.* EXCLUDE (film), film.scan AS scan, film.duration_seconds AS seconds,"
    " film.frame_count AS frame_count FROM media SEMI JOIN sources USING (path)",
    "shots": "FROM shots",
    "faces": "SELECT face_id, media_id, shot_id, track_id, frame, pts_seconds, box_px, face_px, sharpness, quality FROM faces",
    "identity_faces": "SELECT identity_id, unnest(face_ids) AS face_id FROM identities",
    "reference_faces": "SELECT identity_id, choice.face_id AS face_id, choice.why AS why, rank FROM (SELECT identity_id,"
    ' unnest(choices) AS choice, generate_subscripts(choices, 1) AS rank FROM "references")',
    "codes": "SELECT shot_id, origin, why, blur_sigma_px, noise_sigma, jpeg_quality, downscale, lender_shot_id FROM degradations",
    "gates": "SELECT media_id, gate.* FROM (SELECT media_id, unnest(gates) AS gate FROM restored_segments"
    " SEMI JOIN tasks USING (task_id) UNION ALL SELECT media_id, gate FROM track_gates)",
    "results": "FROM restored",
    "failures": "FROM failures",
    "facts": "FROM facts",
    "stale": "FROM stale" if "stale" in VIEWS else "SELECT path, '' AS why FROM media WHERE false",
}
_INDEXED = {
    "media": ("media_id",),
    "sightings": ("identity_id", "media_id"),
    "faces": ("face_id", "media_id"),
    "people": ("identity_id",),
    "shots": ("media_id",),
    "results": ("media_id",),
    "gates": ("media_id",),
}


class Snapshot:
    """Answers SQL over the tables above; thread-safe.

    Args:
        output: the OUTPUT folder.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._state: tuple[int, ...] = ()
        self._tables: duckdb.DuckDBPyConnection | None = None

    def rows(self, sql: str, **values: object) -> list[Row]:
        """The answer as one mapping a row; ``$name`` stands for a value.

        Raises:
            CatalogError: the catalog is damaged or may not be read.
        """
        answer = self._current().cursor().sql(sql, params=values).to_arrow_table()
        return answer.to_pylist()

    def _current(self) -> duckdb.DuckDBPyConnection:
        state = _state(self._output)
        with self._lock:
            if self._tables is None or state != self._state:
                self._tables, self._state = _loaded(self._output), state
            return self._tables


def _state(output: Path) -> tuple[int, ...]:
    """Changes whenever a fragment comes or goes: that is when its folder changes."""
    root = catalog_folder(output)
    folders = [*root.glob("*"), *root.glob("biometric/*")]
    return tuple(
        sorted(folder.stat().st_mtime_ns for folder in folders if folder.is_dir() and folder.name != "thumbnails")
    )


def _loaded(output: Path) -> duckdb.DuckDBPyConnection:
    tables = duckdb.connect(":memory:", config={"enable_external_access": False, "python_enable_replacements": False})
    with connect(output) as catalog:
        for name, sql in _TABLES.items():
            tables.register("_read", catalog.sql(sql).to_arrow_table())
            tables.execute(f"CREATE TABLE {name} AS FROM _read")
            tables.unregister("_read")
            for column in _INDEXED.get(name, ()):
                tables.execute(f"CREATE INDEX {name}_{column} ON {name} ({column})")
    return tables
