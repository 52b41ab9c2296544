"""A catalog to the tables of the page: the first results and people, and what these refer to; nothing else is read as records."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import pyarrow as pa
from f2s_catalog.arrow import from_table, schema_of
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import (
    CodeEstimate,
    DegradationCode,
    Face,
    Identity,
    MediaItem,
    QualityReport,
    Record,
    ReferenceSet,
    RestoredMedia,
    RestoredSegment,
    RestoreTask,
    Shot,
    Sighting,
    Source,
    TrackGate,
)
from f2s_catalog.spans import joined

from f2s_ray.view.tables import Known, Tables
from f2s_ray.view.totals import read_totals, read_troubles

__all__ = ["MOST_TROUBLES", "read_tables"]

R = TypeVar("R", bound=Record)

MOST_TROUBLES = 500
"""Failures on the page, and as many files that were skipped."""

_SHOWN = """
SELECT media.path FROM restored JOIN media USING (media_id) SEMI JOIN sources ON sources.path = media.path
ORDER BY media.path LIMIT {limit}
"""
_FACES = "SELECT * REPLACE ([]::FLOAT[] AS embedding) FROM faces"
_CODES = """
SELECT * REPLACE ([]::FLOAT[] AS code, []::FLOAT[] AS signature, regions[:0] AS regions)
FROM degradations SEMI JOIN _wanted USING (shot_id)
"""
_MEASURED = "SELECT shot_id, noise_measured, blockiness_measured FROM estimates"
_APPEARANCES = f"""
SELECT media_id, identity_id, seen_from_seconds, seen_to_seconds
FROM ({joined("FROM sightings SEMI JOIN _wanted USING (media_id)", "media_id, identity_id")})
ORDER BY media_id, seen_from_seconds, identity_id
"""
_KNOWN = """
SELECT place, identity_id, label, media_count AS picture_count, face_count, face_ids[1] AS best_face_id, cohesion,
    people.margin AS margin
FROM (SELECT *, row_number() OVER () AS place FROM people) AS people
JOIN (SELECT identity_id, face_ids, cohesion FROM identities) USING (identity_id)
WHERE place <= {limit} OR identity_id IN (FROM _wanted) ORDER BY place
"""
_PATHS = "SELECT path FROM media SEMI JOIN _wanted USING (media_id) SEMI JOIN sources USING (path)"


def read_tables(catalog: Catalog, limit: int) -> Tables:
    """Read what the page shows of the latest listing.

    Args:
        catalog: of the archive.
        limit: most results, and most people with a place of their own.
    """
    paths = catalog.ask((Source, MediaItem, RestoredMedia), _SHOWN.format(limit=limit))["path"].to_pylist()
    made = catalog.of(paths)
    media = _keyed(made.rows(MediaItem))
    results = [one for one in made.rows(RestoredMedia) if one.media_id in media]
    shots = _keyed(made.rows(Shot))
    measured = made.ask((CodeEstimate,), _MEASURED).to_pylist()
    shown = Tables(
        media=media,
        shots=shots,
        faces=_keyed(_light(Face, made.ask((Face,), _FACES))),
        wall=(),
        known={},
        references={},
        measured={row["shot_id"]: (row["noise_measured"], row["blockiness_measured"]) for row in measured},
        codes=_keyed(_light(DegradationCode, catalog.ask((DegradationCode,), _CODES, _wanted("shot_id", shots)))),
        tasks=_keyed(catalog.rows(RestoreTask, media_id=list(media))),
        segments=_keyed(made.rows(RestoredSegment, task_id=[one.task_id for one in results])),
        track_gates=_keyed(made.rows(TrackGate)),
        quality=_keyed(made.rows(QualityReport)),
        restored=tuple(sorted(results, key=lambda one: media[one.media_id].path)),
        appearances=_appearances(catalog, media),
        totals=read_totals(catalog),
        failures=read_troubles(catalog, "failed", MOST_TROUBLES),
        skipped=read_troubles(catalog, "skipped", MOST_TROUBLES),
    )
    return _with_others(catalog, _with_people(catalog, shown, limit))


def _appearances(catalog: Catalog, media_ids: Iterable[str]) -> dict[str, list[tuple[str, float, float]]]:
    found: dict[str, list[tuple[str, float, float]]] = {}
    for row in catalog.ask((Sighting,), _APPEARANCES, _wanted("media_id", media_ids)).to_pylist():
        span = (row["identity_id"], row["seen_from_seconds"], row["seen_to_seconds"])
        found.setdefault(row["media_id"], []).append(span)
    return found


def _with_people(catalog: Catalog, shown: Tables, limit: int) -> Tables:
    """The same with the first people and those who are seen in the results, and with the references of both."""
    gates = [gate for result in shown.restored for gate in shown.gates_of(result)]
    seen = {gate.identity_id for gate in gates if gate.identity_id}
    seen |= {identity_id for spans in shown.appearances.values() for identity_id, _, _ in spans}
    wanted = _wanted("identity_id", sorted(seen))
    rows = catalog.ask((Identity, Sighting), _KNOWN.format(limit=limit), wanted).to_pylist()
    places = [row.pop("place") for row in rows]
    known = {row["identity_id"]: Known(**row) for row in rows}
    return replace(
        shown,
        wall=tuple(one for one, place in zip(known, places, strict=True) if place <= limit),
        known=known,
        references=_keyed(catalog.rows(ReferenceSet, identity_id=list(known))),
    )


def _with_others(catalog: Catalog, shown: Tables) -> Tables:
    """The same with faces and lenders that lie in other files."""
    gates = [gate for result in shown.restored for gate in shown.gates_of(result)]
    faces = {face_id for gate in gates for face_id in gate.reference_face_ids}
    for identity_id in shown.wall:
        chosen = shown.references.get(identity_id)
        faces |= {shown.known[identity_id].best_face_id, *(one.face_id for one in (chosen.choices if chosen else ()))}
    lenders = {code.lender_shot_id for code in shown.codes.values() if code.lender_shot_id}
    far_faces, far_lenders = sorted(faces - set(shown.faces)), sorted(lenders - set(shown.shots))
    media_ids = {one.partition("/")[0] for one in far_faces} | {one.rpartition("/")[0] for one in far_lenders}
    paths = catalog.ask((Source, MediaItem), _PATHS, _wanted("media_id", media_ids))["path"].to_pylist()
    far = catalog.of(paths)
    found = far.ask((Face,), f"{_FACES} SEMI JOIN _wanted USING (face_id)", _wanted("face_id", far_faces))
    return replace(
        shown,
        media=_keyed(far.rows(MediaItem)) | shown.media,
        faces=_keyed(_light(Face, found)) | shown.faces,
        shots=_keyed(far.rows(Shot, shot_id=far_lenders)) | shown.shots,
    )


def _keyed(rows: Sequence[R]) -> dict[str, R]:
    """Rows by the one column of their key."""
    return {getattr(row, row.KEY[0]): row for row in rows}


def _light(record_type: type[R], table: pa.Table) -> list[R]:
    """Rows whose vectors are left out."""
    return from_table(record_type, table.cast(schema_of(record_type)))


def _wanted(column: str, values: Iterable[str]) -> dict[str, pa.Table]:
    return {"_wanted": pa.table({column: pa.array(values, pa.string())})}
