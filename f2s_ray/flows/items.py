"""Tables to the items of each map step: records joined by what a stage takes in, of some files."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, starmap, takewhile

import pyarrow as pa
from f2s_catalog.ids import digest, row_digests
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, MediaItem, Record, Shot, Source
from pydantic import BaseModel

from f2s_ray.flows.joins import Archive, erased_places
from f2s_ray.flows.step import Item
from f2s_ray.models.face2scene import Face2SceneConfig, digests
from f2s_ray.stages.assemble import AssembleUnit
from f2s_ray.stages.overrides import shot_name
from f2s_ray.stages.units import EstimateUnit, JudgeUnit, RestoreUnit, ScoreUnit, ShotUnit, UnitFace
from f2s_ray.stages.workbench import FilmConfig, RestoreConfig

__all__ = [
    "Restoring",
    "assemble_units",
    "estimate_units",
    "judge_units",
    "media",
    "new_sources",
    "restore_units",
    "score_units",
    "shots",
    "sources",
    "unit_name",
]

_NEW = """
SELECT path, byte_count FROM _items LEFT JOIN (
    SELECT item_id AS path, fingerprint AS last FROM attempts WHERE step = $step AND status <> 'failed') USING (path)
WHERE last IS DISTINCT FROM fingerprint
"""


def new_sources(catalog: Catalog, step: str, config: BaseModel) -> dict[str, float]:
    """Files that this step was not yet done with as they are now, or in vain, with their bytes; without a record for each."""
    table = catalog.table(Source)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    fingerprints = row_digests([step, config.model_dump(mode="json")], columns)
    items = table.select(["path", "byte_count"]).append_column("fingerprint", pa.array(fingerprints, pa.string()))
    found = catalog.ask((Attempt,), _NEW, {"_items": items}, step=step)
    return dict(zip(found["path"].to_pylist(), found["byte_count"].to_pylist(), strict=True))


def sources(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
    """One a file of the listing."""
    for source in catalog.rows(Source, path=paths):
        yield Item(source.path, source.path, source, float(source.byte_count))


def media(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
    """One a medium."""
    for item in Archive(catalog, paths).media:
        yield media_item(item, item)


def shots(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
    """One a shot, with the places of it that must not be found again."""
    archive, erased = Archive(catalog, paths), erased_places(catalog)
    for shot in archive.shots:
        item = archive.media_by_id[shot.media_id]
        places = erased.get(item.content_digest, ())
        own = tuple(place for place in places if shot.first_frame <= place.frame < shot.stop_frame)
        yield shot_item(item, shot, ShotUnit(shot=shot, media=item, erased=own))


def estimate_units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
    """Who else a face resembles does not touch the damage: a new person in the archive must not ask for new codes."""
    archive = Archive(catalog, paths)
    faces = archive.unit_faces()
    for shot in archive.shots:
        item = archive.media_by_id[shot.media_id]
        if shot_name(item, shot) not in archive.detected:  # what could not be decoded has its row already
            continue
        nobody = {"identity_id": None, "person": (), "other": (), "other_face_ids": ()}
        alone = tuple(face.model_copy(update=nobody) for face in faces(shot.shot_id))
        yield shot_item(item, shot, EstimateUnit(shot=shot, media=item, faces=alone))


def judge_units(catalog: Catalog, paths: Sequence[str], *, has_identities: bool) -> Iterator[Item]:
    """The shots of films that have a code."""
    archive = Archive(catalog, paths)
    faces = _faces_to_restore(archive, has_identities=has_identities)
    for shot in archive.shots:
        item, code = archive.media_by_id[shot.media_id], archive.codes.get(shot.shot_id)
        if item.film is not None and code is not None:
            unit = JudgeUnit(shot=shot, media=item, faces=faces(shot.shot_id), code=code.code)
            yield shot_item(item, shot, unit)


@dataclass(frozen=True)
class Restoring:
    """What was chosen for restoring: its section, the networks, and whether people are told apart."""

    config: RestoreConfig
    model: Face2SceneConfig
    has_identities: bool


def restore_units(archive: Archive, chosen: Restoring, day: str) -> Iterator[RestoreUnit]:
    """Units of each shot that has a code; ``task_id`` is the digest of the rest, but for the day."""
    config, model = chosen.config, chosen.model
    faces, gates = _faces_to_restore(archive, has_identities=chosen.has_identities), archive.gates_by_shot
    restorer = f"face2scene-{model.size}@{digest(digests(model), model.model_dump(mode='json'))[:12]}"
    for shot in archive.shots:
        code = archive.codes.get(shot.shot_id)
        if code is None:
            continue
        item = archive.media_by_id[shot.media_id]
        for frames in _segments(item, shot, config.film):
            unit = RestoreUnit(
                task_id="",
                shot=shot,
                media=item,
                first_frame=frames.start,
                stop_frame=frames.stop,
                faces=faces(shot.shot_id),
                gates=tuple(gates.get(shot.shot_id, ())),
                code=code.code,
                regions=code.regions,
                changes=code.changes,
                restorer=restorer,
                planned_on="",
            )
            task_id = digest(unit.model_dump(mode="json"), config.model_dump(mode="json"))
            yield unit.model_copy(update={"task_id": task_id, "planned_on": day})


def _faces_to_restore(archive: Archive, *, has_identities: bool) -> Callable[[str], tuple[UnitFace, ...]]:
    """The faces of a shot that are restored by themselves; where nobody is told apart, all are left to the scene."""
    return archive.unit_faces() if has_identities else lambda _: ()


def _segments(item: MediaItem, shot: Shot, config: FilmConfig) -> Iterator[range]:
    """The frames of a shot in pieces of nearly equal length; a photo is one piece."""
    length = shot.stop_frame - shot.first_frame
    count = 1 if item.film is None else -(-length // config.segment_frames)
    borders = [shot.first_frame + length * piece // count for piece in range(count + 1)]
    return starmap(range, pairwise(borders))


def unit_name(unit: RestoreUnit) -> str:
    """What people know the unit by."""
    return unit.media.path if unit.media.film is None else f"{unit.media.path}#{unit.first_frame}"


def assemble_units(archive: Archive, listed: Sequence[str]) -> Iterator[AssembleUnit]:
    """Media whose segments are all there. Measured times are left out: they must not ask for the same work again.

    ``listed``: all files, by path.
    """
    names = archive.names()
    for item, segments in archive.finished():
        measured = {"seconds": 0.0, "model_seconds": 0.0, "peak_memory_bytes": 0}
        first = archive.tasks_by_media[item.media_id][0]
        yield AssembleUnit(
            segments=tuple(segment.model_copy(update=measured) for segment in segments),
            media=item,
            restorer=first.restorer,
            names_taken=_longer(listed, item.path),
            face_names=names.get(item.media_id, ()),
            planned_on=first.planned_on,
        )


def _longer(listed: Sequence[str], path: str) -> tuple[str, ...]:
    """Those that begin with this path and go on.

    >>> _longer(["a.jpg", "a.jpg.tif", "a.jpg/b", "b.jpg"], "a.jpg")
    ('a.jpg.tif', 'a.jpg/b')
    """
    first = bisect_right(listed, path)
    return tuple(takewhile(lambda other: other.startswith(path), islice(listed, first, None)))


def score_units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
    """One a result."""
    archive = Archive(catalog, paths)
    for result in archive.results:
        item = archive.media_by_id.get(result.media_id)
        if item is not None:
            if item.film is None:
                segment = archive.segments.get(result.task_id)
                own = segment.gates if segment else ()
            else:
                of = archive.shots_by_media.get(item.media_id, ())
                own = tuple(gate.gate for shot_id in of for gate in archive.gates_by_shot.get(shot_id, ()))
            known = [gate for gate in own if gate.similarity_before is not None]
            unit = ScoreUnit(
                media=item,
                task_id=result.task_id,
                path=result.path,
                digest=result.digest,
                before=tuple(gate.similarity_before or 0.0 for gate in known),
                after=tuple(gate.similarity_after or 0.0 for gate in known),
            )
            yield media_item(item, unit)


def shot_item(item: MediaItem, shot: Shot, record: Record) -> Item:
    """One item a shot; of a photo it has the photo's name."""
    pixels = float(item.width_px * item.height_px * item.page_count * (shot.stop_frame - shot.first_frame))
    return Item(shot_name(item, shot), item.path, record, pixels)


def media_item(item: MediaItem, record: Record) -> Item:
    """Items are known by their path, so that a changed file replaces what its old bytes left in every table."""
    pixels = float(item.width_px * item.height_px * item.page_count)
    return Item(item.path, item.path, record, pixels)
