"""Estimates to the table of codes: chosen by what frames show, and copied as Arrow, since a code is some thousand floats."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import from_table, schema_of, to_table
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import CodeEstimate, DegradationCode, MediaItem, Shot, Source
from jaxtyping import Int

from f2s_ray.stages.borrow import LOOKS, BorrowConfig, Loan, borrow
from f2s_ray.stages.overrides import overridden

__all__ = ["codes"]

_LOOKS = """
SELECT shot_id, media_id, path, camera, film IS NOT NULL AS is_film, agreement IS NOT NULL AS has_code,
    len(face_ids) AS face_count, len(regions) AS region_count, len(changes) AS change_count,
    noise_measured, sharpness_measured, blockiness_measured, estimator
FROM estimates JOIN shots USING (shot_id) JOIN media USING (media_id) SEMI JOIN sources USING (path)
ORDER BY shot_id
"""
"""Without a look at the codes themselves: faces agree where they told one, and nowhere else."""

_LENT = ("code", "signature", "blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale", "agreement")
_OWN = ("regions", "changes")  # they stay with the picture that they were read in: a borrowed code is the mean
_TOLD = f"SELECT shot_id, {', '.join((*_LENT, *_OWN))} FROM estimates SEMI JOIN _told USING (shot_id)"
_ASKED_SHOTS = 100_000  # at once: a list of Arrow holds two billion floats
_TABLE_ROWS = 4096  # made at once


def codes(catalog: Catalog, config: BorrowConfig, chosen: Mapping[str, str]) -> pa.Table:
    """One code for every shot that has an estimate, by its id.

    Args:
        catalog: the tables.
        config: which pictures lend theirs.
        chosen: what a person said, from ``read_overrides``.

    Raises:
        ConfigError: as ``overridden`` says.
    """
    looks = catalog.ask((Source, MediaItem, Shot, CodeEstimate), _LOOKS)
    loans = list(borrow(looks.select(LOOKS.names).cast(LOOKS), config))
    told = _Told(catalog, looks["shot_id"].filter(looks["has_code"]))
    place = np.cumsum(looks["has_code"].to_numpy()) - 1  # of each row among those that told
    tables = [schema_of(DegradationCode).empty_table()]
    for first in range(0, len(loans), _TABLE_ROWS):
        some = loans[first : first + _TABLE_ROWS]
        tables.append(_table(looks, slice(first, first + len(some)), some, told, place))
    found = pa.concat_tables(tables)
    return _said(catalog, looks, found, chosen) if chosen else found


def _table(
    looks: pa.Table, part: slice, loans: Sequence[Loan], told: "_Told", place: Int[np.ndarray, " n"]
) -> pa.Table:
    """The rows of a part of the shots."""
    source = np.array([told.nothing if loan.row is None else place[loan.row] for loan in loans])
    is_own = np.array([loan.origin == "face" for loan in loans])
    lenders = pa.array([None if own else loan.row for own, loan in zip(is_own, loans, strict=True)], pa.int64())
    columns = {
        "shot_id": looks["shot_id"][part],
        "estimator": looks["estimator"][part],
        "origin": pa.array([loan.origin for loan in loans]),
        "lender_shot_id": looks["shot_id"].take(lenders),
        "why": pa.array([loan.why for loan in loans]),
        **told.take(_LENT, source),
        **told.take(_OWN, np.where(is_own, source, told.nothing)),
    }
    schema = schema_of(DegradationCode)
    return pa.table([columns[name] for name in schema.names], names=schema.names).cast(schema)


class _Told:
    """What faces told of some shots; ``nothing`` is the place of an empty row after all of them.

    Args:
        catalog: the tables.
        shot_ids: of those that have a code.
    """

    def __init__(self, catalog: Catalog, shot_ids: pa.ChunkedArray) -> None:
        self.nothing = len(shot_ids)
        schema = pa.schema([schema_of(CodeEstimate).field(name) for name in (*_LENT, *_OWN)])
        self._parts: list[pa.Table] = []
        self._rows = np.zeros(self.nothing + 1, np.int64)
        for first in range(0, self.nothing, _ASKED_SHOTS):
            some = shot_ids.slice(first, _ASKED_SHOTS)
            part = catalog.ask((CodeEstimate,), _TOLD, {"_told": pa.table({"shot_id": some})}).combine_chunks()
            self._rows[first : first + len(some)] = pc.index_in(some, value_set=part["shot_id"]).to_numpy()
            self._parts.append(part.select(schema.names).cast(schema))
        nothing = pa.Table.from_pylist([{"code": [], "signature": [], "regions": [], "changes": []}], schema=schema)
        self._parts.append(nothing)
        self._part = np.minimum(np.arange(self.nothing + 1) // _ASKED_SHOTS, len(self._parts) - 1)
        self._part[-1] = len(self._parts) - 1

    def take(self, names: Sequence[str], places: Int[np.ndarray, " n"]) -> dict[str, pa.ChunkedArray]:
        """Columns with the rows at these places."""
        parts = self._part[places]
        taken = [
            self._parts[part].select(names).take(pa.array(self._rows[places[parts == part]]))
            for part in np.unique(parts)
        ]
        back = np.argsort(np.argsort(parts, kind="stable"), kind="stable")
        table = pa.concat_tables(taken).take(pa.array(back))
        return {name: table[name] for name in names}


def _said(catalog: Catalog, looks: pa.Table, found: pa.Table, chosen: Mapping[str, str]) -> pa.Table:
    """The same with the rows that a person set; only these, and those whose codes they take, become records."""
    names = dict(zip(looks["shot_id"].to_pylist(), _names(looks), strict=True))
    spoken = {*chosen, *chosen.values()}
    shot_ids = [shot_id for shot_id, name in names.items() if name in spoken]
    at = np.flatnonzero(pc.is_in(found["shot_id"], value_set=pa.array(shot_ids, pa.string())).to_numpy())
    earlier = {row.shot_id: row for row in catalog.rows(DegradationCode, shot_id=shot_ids)}
    rows = from_table(DegradationCode, found.take(pa.array(at)))
    parts, begin = [], 0
    for place, row in zip(at.tolist(), overridden(rows, names, earlier, chosen), strict=True):
        parts += [found.slice(begin, place - begin), to_table(DegradationCode, [row])]
        begin = place + 1
    return pa.concat_tables([*parts, found.slice(begin)])


def _names(looks: pa.Table) -> list[str]:
    """What people call the shots, as ``shot_name``."""
    rows = zip(*(looks[name].to_pylist() for name in ("shot_id", "path", "is_film")), strict=True)
    return [f"{path}#{shot_id.rpartition('/')[2]}" if is_film else path for shot_id, path, is_film in rows]
