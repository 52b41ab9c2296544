"""A catalog to tables in memory that pages are made of; read again, as far as need be, when a fragment is added.

Vectors stay where they are until somebody asks what is similar; all else that pages need of 100,000 pictures are some
hundred megabytes. The tables have the names and columns of the catalog's own as far as questions (``find_sql``) need them,
so the same SQL answers both.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb
from f2s_catalog.errors import CatalogError
from f2s_catalog.place import Place
from f2s_catalog.records import DegradationCode, Face
from f2s_catalog.views import LABEL, asked_again, needed, reading

from f2s_ray.view.site.freshness import Kind, Listing, Stamp, changed, listing, stamp, steps_of

__all__ = ["Row", "Snapshot"]

Row = Mapping[str, Any]

PATIENCE_SECONDS = 0.15
"""How long a page waits for what others have just written; then it shows what was known before."""

_REST_SHARE = 4  # of the time that reading took: while a job commits all the time, most of the machine is left to it

_CHOICE = "SELECT identity_id, unnest(choices) AS choice, generate_subscripts(choices, 1) AS rank"
TABLES = {
    "sources": "SELECT path FROM sources",
    "media": "FROM media SEMI JOIN sources USING (path)",
    "shots": "FROM shots",
    "faces": "SELECT face_id, media_id, shot_id, track_id, frame, pts_seconds, seen_from_seconds, seen_to_seconds,"
    " box_px, face_px, sharpness, quality FROM faces",
    "crowds": "FROM crowds",
    "people": "FROM people",
    "identities": "SELECT identity_id, number, name FROM identities",
    "sightings": "FROM sightings",
    "reference_faces": f'SELECT identity_id, choice.face_id AS face_id, choice.why AS why, rank FROM ({_CHOICE} FROM "references")',
    "degradations": "SELECT * EXCLUDE (code, signature, regions, changes), len(regions) AS region_count,"
    " len(changes) AS change_count FROM degradations",
    "estimates": "SELECT shot_id, noise_measured, blockiness_measured FROM estimates",
    "tasks": "SELECT task_id, media_id, first_frame, risk, restorer FROM tasks",
    "restored_segments": "SELECT task_id, media_id, gates FROM restored_segments",
    "track_gates": "SELECT track_id, media_id, version, gate FROM track_gates",
    "restored": "SELECT * EXCLUDE (faces) FROM restored",
    "quality": "FROM quality",
    "failures": "FROM failures",
    "facts": "FROM facts",
}
_STALE = {"stale": "FROM stale"}  # dear, and seldom asked for
_VECTORS = {  # half a kilobyte a face, and seldom asked for
    "vectors.faces": "SELECT media_id, embedder, embedding FROM faces",
    "vectors.degradations": "SELECT shot_id, estimator, signature FROM degradations",
}
_RENAMED = (
    "UPDATE identities SET name = $name WHERE identity_id = $who",
    f"UPDATE people SET name = $name, label = (SELECT {LABEL} FROM identities WHERE identity_id = $who)"
    " WHERE identity_id = $who",
)
_INDEXED = {"media": ("media_id",), "faces": ("face_id", "media_id"), "restored": ("media_id",)}


class Snapshot:
    """Answers SQL over the tables above; thread-safe.

    What this process wrote is shown after ``renew``. What others write is shown soon: a page does not wait long for it,
    but where somebody was erased nothing of before is shown any more.

    Args:
        output: the OUTPUT folder.
    """

    def __init__(self, output: Place) -> None:
        self._output = output
        self._memory = duckdb.connect(
            ":memory:", config={"enable_external_access": False, "python_enable_replacements": False}
        )
        self._reading = threading.Lock()
        self._stamp: Stamp = ()
        self._listing: Listing | None = None
        self._steps: dict[Kind, frozenset[str]] = {}
        self._reader: threading.Thread | None = None
        self._rest_until = 0.0
        self._stale_of: int | None = None
        self._has_vectors = False
        self._memory.execute("CREATE SCHEMA vectors")
        self.version = 0

    def rows(self, sql: str, **values: object) -> list[Row]:
        """The answer as one mapping a row; ``$name`` stands for a value.

        Raises:
            CatalogError: the catalog is damaged or may not be read.
        """
        with self.cursor() as cursor:
            return cursor.sql(sql, params=values).to_arrow_table().to_pylist()

    @contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the tables. Raises: as ``rows``."""
        self._look()
        with self._memory.cursor() as cursor:
            yield cursor

    @contextmanager
    def vectors(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to which the tables with vectors have nothing but these; the first one waits until they are read."""
        with self.cursor() as cursor:
            with self._reading:
                if not self._has_vectors:
                    self._fetch(_VECTORS, cursor)
                    self._has_vectors = True
            cursor.execute("SET search_path = 'vectors,main'")
            yield cursor

    def renew(self) -> None:
        """Read what has changed, and wait for it. Raises: as ``rows``."""
        with self._reading:
            seen = stamp(self._output)
            if seen != self._stamp:
                begun = time.monotonic()
                self._read(TABLES)
                self._stamp = seen
                self._rest_until = time.monotonic() + _REST_SHARE * (time.monotonic() - begun)

    def rename(self, identity_id: str, name: str | None) -> None:
        """Show somebody under a name that was just given, until the identities that are settled by it are read."""
        with self._reading, self._memory.cursor() as memory:
            memory.execute("BEGIN")
            for sql in _RENAMED:
                memory.execute(sql, {"who": identity_id, "name": name})
            memory.execute("COMMIT")
            self.version += 1

    def has_stale(self, *, patient: bool = False) -> bool:
        """Whether the table ``stale`` is of today: results that the next run makes again; else it is being found out."""
        self._look()
        if self._stale_of != self.version:
            self._start(self._read_stale, PATIENCE_SECONDS if patient else 0)
        return self._stale_of == self.version

    def _look(self) -> None:
        if stamp(self._output) == self._stamp:
            return
        if self._listing is None or not self._listing.is_kept_by(listing(self._output)):
            self.renew()
        elif time.monotonic() >= self._rest_until:
            self._start(self._renew_quietly, PATIENCE_SECONDS)

    def _start(self, read: Callable[[], None], patience_seconds: float) -> None:
        """Read beside the pages, one at a time; who comes meanwhile waits a moment for it."""
        if self._reader is None or not self._reader.is_alive():
            self._reader = threading.Thread(target=read)
            self._reader.start()
        self._reader.join(patience_seconds)

    def _renew_quietly(self) -> None:
        try:
            self.renew()
        except CatalogError:
            self._listing = None  # the next page tells it

    def _read_stale(self) -> None:
        with self._reading:
            version = self.version
            with self._memory.cursor() as memory:
                self._fetch(_STALE, memory)
            self._stale_of = version

    @asked_again
    def _fetch(self, tables: Mapping[str, str], memory: duckdb.DuckDBPyConnection) -> None:
        with reading(self._output) as catalog:
            _copy(tables, catalog, memory)

    @asked_again
    def _read(self, tables: Mapping[str, str]) -> None:
        now = listing(self._output)
        with reading(self._output) as catalog, self._memory.cursor() as memory:
            kinds = None if self._listing is None else changed(self._listing, now, self._steps, catalog)
            wanted = {name: sql for name, sql in tables.items() if kinds is None or kinds & set(needed(sql))}
            _copy(wanted, catalog, memory)
            for kind in {kind for sql in tables.values() for kind in needed(sql)}:
                if kinds is None or kind in kinds:
                    self._steps[kind] = steps_of(kind, catalog)
            if self._has_vectors and (kinds is None or kinds & {Face, DegradationCode}):
                self._has_vectors = False
                for name in _VECTORS:  # those of somebody who was erased do not wait for the next question
                    memory.execute(f"CREATE OR REPLACE TABLE {name} AS FROM {name} LIMIT 0")
        self._listing = now
        self.version += 1


def _copy(tables: Mapping[str, str], catalog: duckdb.DuckDBPyConnection, memory: duckdb.DuckDBPyConnection) -> None:
    """All of them become visible at once, or none."""
    memory.execute("BEGIN")
    try:
        for name, sql in tables.items():
            memory.register("_read", catalog.sql(sql).to_arrow_table())
            memory.execute(f"CREATE OR REPLACE TABLE {name} AS FROM _read")
            memory.unregister("_read")
            for column in _INDEXED.get(name, ()):
                memory.execute(f"CREATE INDEX {name}_{column} ON {name} ({column})")
    except Exception:
        memory.execute("ROLLBACK")
        raise
    memory.execute("COMMIT")
