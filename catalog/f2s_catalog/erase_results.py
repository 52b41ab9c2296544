"""An erasure to the results that go with it, and to those that stay until they are renewed."""

from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Any

from f2s_catalog.cipher import read_fragment
from f2s_catalog.erase_codes import told_results
from f2s_catalog.erase_faces import rows_of
from f2s_catalog.erase_journal import Erasing
from f2s_catalog.place import Place
from f2s_catalog.records import RestoredMedia, RestoredSegment, RestoreTask, TrackGate
from f2s_catalog.scrub import scrub
from f2s_catalog.storage import look
from f2s_catalog.store import fragments
from f2s_catalog.traces import find_traces

__all__ = ["media_made_with", "with_results"]

_MADE_AGAIN = frozenset({".html", ".xmp"})  # pages and sidecars


def with_results(root: Place, draft: Erasing) -> Erasing:
    """The same with the results of pictures that show them or were made with them, and with what bears the name.

    This reads every file. What was found before is kept, so that a second look, after some of them went, takes none away.
    """
    bearing = {trace.path for trace in find_traces(root, draft.sought) if _is_made_again(trace.path)}
    results = {*draft.results, *_results(root, draft.media_ids), *bearing} - set(draft.files)
    told = {*draft.told, *told_results(root, draft.codes)} - results
    return draft.model_copy(update={"results": tuple(sorted(results)), "told": tuple(sorted(told))})


def media_made_with(root: Place, gone: frozenset[str]) -> Iterator[str]:
    """Media for whose result a face of theirs was restored or was a reference; not those that had only to differ from it."""
    for record_type in (RestoreTask, RestoredSegment, TrackGate):
        for path in fragments(root, record_type):
            table = read_fragment(path, record_type)
            if scrub(record_type, table, gone)[1]:
                yield from (row["media_id"] for row in table.to_pylist() if gone & set(_strings(row)))


def _strings(value: Any) -> Iterator[str]:  # noqa: ANN401 (a cell may be anything)
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        parts = (part for name, part in value.items() if name != "other_face_ids") if isinstance(value, dict) else value
        for part in parts:
            yield from _strings(part)


def _results(root: Place, media_ids: Collection[str]) -> set[str]:
    """Paths below OUTPUT of the results of these media that are there."""
    rows = rows_of(root, RestoredMedia, ["media_id", "path"])
    return {row["path"] for row in rows if row["media_id"] in media_ids and look(root / row["path"])}


def _is_made_again(path: str) -> bool:
    return path.startswith("restored/") or PurePosixPath(path).suffix.lower() in _MADE_AGAIN
