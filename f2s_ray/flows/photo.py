"""The way of a photo archive, as plain lists of steps: index, identify, plan, restore."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise, starmap

from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place
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
    Source,
    TrackGate,
)
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.flows.identify import identify_steps, no_identities
from f2s_ray.flows.joins import Archive
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.face2scene import Face2SceneConfig, digests
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup, AssembleUnit, whole_task_id
from f2s_ray.stages.borrow import BorrowConfig, borrow
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
from f2s_ray.stages.estimate import EstimateCode, EstimateConfig, EstimateSetup
from f2s_ray.stages.inventory import list_sources
from f2s_ray.stages.judge import JudgeTracks
from f2s_ray.stages.outputs import placed
from f2s_ray.stages.overrides import OVERRIDES, overridden, read_overrides, shot_name
from f2s_ray.stages.plan import PlanConfig, plan
from f2s_ray.stages.probe import ProbeConfig, ProbeMedia, ProbeSetup
from f2s_ray.stages.restore import RestoreMedia
from f2s_ray.stages.score import ScoreMedia, ScoreSetup
from f2s_ray.stages.split import SplitConfig, SplitSetup, SplitShots
from f2s_ray.stages.sweep import sweep
from f2s_ray.stages.units import EstimateUnit, JudgeUnit, RestoreUnit, ScoreUnit, ShotUnit, UnitFace
from f2s_ray.stages.workbench import FilmConfig, RestoreConfig, RestoreSetup

__all__ = ["PhotoConfig", "identify_flow", "index_flow", "plan_flow", "restore_flow"]


class PhotoConfig(BaseModel):
    """All sections that decide what comes out; the names are those of the steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    probe: ProbeConfig = ProbeConfig()
    detect: DetectConfig = DetectConfig()
    identify: ClusteringConfig = ClusteringConfig()
    references: ReferenceConfig = ReferenceConfig()
    estimate: EstimateConfig = EstimateConfig()
    borrow: BorrowConfig = BorrowConfig()
    plan: PlanConfig = PlanConfig()
    restore: RestoreConfig = RestoreConfig()
    model: Face2SceneConfig = Face2SceneConfig()
    identities: bool = Field(
        True,
        description="off: faces are found for the damage they tell, nobody is told apart, no vector is made or kept",
    )


def index_flow(config: PhotoConfig, source: Place, output: Place) -> list[Step]:
    """Sources, media, shots, faces."""
    root = str(source)
    probe = ProbeSetup(**config.probe.model_dump(), input_root=root)
    names = network_names(config.detect)
    detect = DetectSetup(
        **config.detect.model_dump(), networks=names, input_root=root, has_embeddings=config.identities
    )
    return [
        ReduceStep("list", lambda _: list_sources(source), SplitConfig(), (), (Source,)),
        MapStep("probe", ProbeMedia, probe, _sources, (Source,), MediaItem),
        MapStep("split", SplitShots, SplitSetup(input_root=root), _media, (Source, MediaItem), Shot),
        MapStep("detect", DetectFaces, detect, _shots, (Source, MediaItem, Shot), Face),
    ]


def identify_flow(config: PhotoConfig, source: Place, output: Place, *, afresh: bool = False) -> list[Step]:
    """Identities, their references and where they are seen, from the faces that are indexed and what people said."""
    if not config.identities:
        return list(no_identities())
    return list(identify_steps(config.identify, config.references, afresh=afresh))


def plan_flow(config: PhotoConfig, source: Place, output: Place) -> list[Step]:
    """Codes and the table of work, and all that must come before."""
    names = digests(config.model)
    estimate = EstimateSetup(
        **config.estimate.model_dump(),
        model=config.model,
        estimator="+".join(names.values()),  # the scene restorer, too, makes halves of pairs
        input_root=str(source),
    )

    steered = _Steered(borrow=config.borrow, overrides=read_overrides(output / OVERRIDES))

    def codes(catalog: Catalog) -> list[DegradationCode]:
        archive = Archive(catalog)
        names = {shot.shot_id: shot_name(archive.media_by_id[shot.media_id], shot) for shot in archive.shots}
        found = borrow(archive.media, archive.shots, catalog.rows(CodeEstimate), config.borrow)
        return list(overridden(found, names, archive.codes, steered.overrides))

    def tasks(catalog: Catalog) -> list[RestoreTask]:
        archive = Archive(catalog)
        units = list(_restore_units(archive, config, str(datetime.now(tz=UTC).date())))
        measured, earlier = catalog.rows(RestoredSegment), catalog.rows(RestoreTask)
        return list(plan(units, archive.codes, measured, earlier, config.model, config.plan))

    judge = RestoreSetup(
        **config.restore.model_dump(),
        model=config.model,
        embedder=config.detect.embedder,
        input_root=str(source),
        output_root=str(output),
    )

    def judge_units(catalog: Catalog) -> Iterator[Item]:
        return _judge_units(Archive(catalog), config)

    settled = _Settled(plan=config.plan, restore=config.restore, model=config.model, networks=names)
    return [
        *index_flow(config, source, output),
        *identify_flow(config, source, output),
        MapStep("estimate", EstimateCode, estimate, _estimate_units, _PEOPLE, CodeEstimate, on_gpu=True),
        ReduceStep("borrow", codes, steered, (Source, MediaItem, Shot, CodeEstimate), (DegradationCode,)),
        MapStep("judge", JudgeTracks, judge, judge_units, (*_PEOPLE, DegradationCode), TrackGate, on_gpu=True),
        ReduceStep("plan", tasks, settled, (*_PEOPLE, DegradationCode, TrackGate, RestoreTask), (RestoreTask,)),
    ]


def restore_flow(config: PhotoConfig, source: Place, output: Place) -> list[Step]:
    """The whole way: restored files, their rows, their measures."""
    roots = {"input_root": str(source), "output_root": str(output)}
    restore = RestoreSetup(**config.restore.model_dump(), model=config.model, embedder=config.detect.embedder, **roots)

    def restore_units(catalog: Catalog) -> Iterator[Item]:
        archive = Archive(catalog)
        tasks = {task.task_id: task for task in catalog.rows(RestoreTask)}
        there = placed(output)
        whole, segments = _in_place(archive, there), {one.task_id: one for one in catalog.rows(RestoredSegment)}
        for unit in _restore_units(archive, config, ""):
            task, segment = tasks.get(unit.task_id), segments.get(unit.task_id)
            if task is not None:
                unit = unit.model_copy(update={"planned_on": task.planned_on})
                wanted = segment if unit.media.media_id not in whole else None
                is_gone = wanted is not None and there.get(wanted.path) != wanted.byte_count
                yield Item(_unit_name(unit), unit.media.path, unit, task.expected_seconds, is_gone)

    def assemble_units(catalog: Catalog) -> Iterator[Item]:
        archive = Archive(catalog)
        whole = _in_place(archive, placed(output))
        for unit in _assemble_units(archive):
            yield replace(_item(unit.media, unit), is_gone=unit.media.media_id not in whole)

    def swept(catalog: Catalog) -> tuple[Record, ...]:
        whole = _in_place(Archive(catalog), placed(output))
        sweep(output, [segment for segment in catalog.rows(RestoredSegment) if segment.media_id not in whole])
        return ()

    made = (Source, MediaItem, RestoreTask, RestoredSegment)
    assemble = AssembleSetup(preset=config.restore.film.preset, **roots)
    return [
        *plan_flow(config, source, output),
        MapStep(
            "restore",
            RestoreMedia,
            restore,
            restore_units,
            (*_PEOPLE, DegradationCode, TrackGate, RestoreTask),
            RestoredSegment,
            _WAVE_SECONDS,
            on_gpu=True,
        ),
        MapStep("assemble", AssembleMedia, assemble, assemble_units, made, RestoredMedia),
        MapStep("score", ScoreMedia, ScoreSetup(**roots), _score_units, (*made, RestoredMedia), QualityReport),
        ReduceStep("sweep", swept, assemble, (), ()),
    ]


class _Steered(BaseModel):
    """What decides the codes besides the tables."""

    borrow: BorrowConfig
    overrides: dict[str, str]


class _Settled(BaseModel):
    """What decides a plan besides the tables."""

    plan: PlanConfig
    restore: RestoreConfig
    model: Face2SceneConfig
    networks: dict[str, str]


_WAVE_SECONDS = 600.0  # of expected work for each worker, until results are put in their place
_PEOPLE = (Source, MediaItem, Shot, Face, Identity, ReferenceSet)


def _restore_units(archive: Archive, config: PhotoConfig, day: str) -> Iterator[RestoreUnit]:
    """Units of each shot that has a code; ``task_id`` is the digest of the rest, but for the day."""
    faces, gates = _faces_to_restore(archive, config), archive.gates_by_shot
    deciding = (digests(config.model), config.model.model_dump(mode="json"))
    restorer = f"face2scene-{config.model.size}@{digest(*deciding)[:12]}"
    for shot in archive.shots:
        code = archive.codes.get(shot.shot_id)
        if code is None:
            continue
        media = archive.media_by_id[shot.media_id]
        for frames in _segments(media, shot, config.restore.film):
            unit = RestoreUnit(
                task_id="",
                shot=shot,
                media=media,
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
            task_id = digest(unit.model_dump(mode="json"), config.restore.model_dump(mode="json"))
            yield unit.model_copy(update={"task_id": task_id, "planned_on": day})


def _segments(media: MediaItem, shot: Shot, config: FilmConfig) -> Iterator[range]:
    """The frames of a shot in pieces of nearly equal length; a photo is one piece."""
    length = shot.stop_frame - shot.first_frame
    count = 1 if media.film is None else -(-length // config.segment_frames)
    borders = [shot.first_frame + length * piece // count for piece in range(count + 1)]
    return starmap(range, pairwise(borders))


def _unit_name(unit: RestoreUnit) -> str:
    return unit.media.path if unit.media.film is None else f"{unit.media.path}#{unit.first_frame}"


def _sources(catalog: Catalog) -> Iterator[Item]:
    for source in catalog.rows(Source):
        yield Item(source.path, source.path, source, float(source.byte_count))


def _media(catalog: Catalog) -> Iterator[Item]:
    for media in Archive(catalog).media:
        yield _item(media, media)


def _shots(catalog: Catalog) -> Iterator[Item]:
    archive = Archive(catalog)
    for shot in archive.shots:
        media = archive.media_by_id[shot.media_id]
        places = archive.erased.get(media.content_digest, ())
        erased = tuple(place for place in places if shot.first_frame <= place.frame < shot.stop_frame)
        yield _shot_item(media, shot, ShotUnit(shot=shot, media=media, erased=erased))


def _estimate_units(catalog: Catalog) -> Iterator[Item]:
    """Who else a face resembles does not touch the damage: a new person in the archive must not ask for new codes."""
    archive = Archive(catalog)
    faces = archive.unit_faces()
    seen = {attempt.item_id for attempt in catalog.attempts() if attempt.step == "detect" and attempt.status == "done"}
    for shot in archive.shots:
        media = archive.media_by_id[shot.media_id]
        if shot_name(media, shot) not in seen:  # what could not be decoded has its row already
            continue
        nobody = {"identity_id": None, "person": (), "other": (), "other_face_ids": ()}
        alone = tuple(face.model_copy(update=nobody) for face in faces(shot.shot_id))
        yield _shot_item(media, shot, EstimateUnit(shot=shot, media=media, faces=alone))


def _faces_to_restore(archive: Archive, config: PhotoConfig) -> Callable[[str], tuple[UnitFace, ...]]:
    """The faces of a shot that are restored by themselves; where nobody is told apart, all are left to the scene."""
    return archive.unit_faces() if config.identities else lambda _: ()


def _judge_units(archive: Archive, config: PhotoConfig) -> Iterator[Item]:
    """The shots of films that have a code."""
    faces = _faces_to_restore(archive, config)
    for shot in archive.shots:
        media, code = archive.media_by_id[shot.media_id], archive.codes.get(shot.shot_id)
        if media.film is not None and code is not None:
            unit = JudgeUnit(shot=shot, media=media, faces=faces(shot.shot_id), code=code.code)
            yield _shot_item(media, shot, unit)


def _assemble_units(archive: Archive) -> Iterator[AssembleUnit]:
    """Media whose segments are all there. Measured times are left out: they must not ask for the same work again."""
    paths, names = {media.path for media in archive.media}, archive.names()
    for media, segments in archive.finished():
        measured = {"seconds": 0.0, "model_seconds": 0.0, "peak_memory_bytes": 0}
        first = archive.tasks_by_media[media.media_id][0]
        yield AssembleUnit(
            segments=tuple(segment.model_copy(update=measured) for segment in segments),
            media=media,
            restorer=first.restorer,
            names_taken=tuple(sorted(path for path in paths if path.startswith(media.path) and path != media.path)),
            face_names=names.get(media.media_id, ()),
            planned_on=first.planned_on,
        )


def _in_place(archive: Archive, there: Mapping[str, int]) -> set[str]:
    """Media whose result is there, as long as it was and made of the segments that are wanted now."""
    results = {result.media_id: result for result in archive.catalog.rows(RestoredMedia)}
    return {
        media.media_id
        for media, segments in archive.finished()
        if (result := results.get(media.media_id)) is not None
        and result.task_id == whole_task_id([segment.task_id for segment in segments])
        and there.get(result.path) == result.byte_count
    }


def _score_units(catalog: Catalog) -> Iterator[Item]:
    archive = Archive(catalog)
    gates = {segment.task_id: segment.gates for segment in catalog.rows(RestoredSegment)}
    tracks = {
        media_id: tuple(gate.gate for shot_id in shots for gate in archive.gates_by_shot.get(shot_id, ()))
        for media_id, shots in archive.shots_by_media.items()
    }
    for result in catalog.rows(RestoredMedia):
        media = archive.media_by_id.get(result.media_id)
        if media is not None:
            own = gates.get(result.task_id) if media.film is None else tracks.get(result.media_id)
            known = [gate for gate in own or () if gate.similarity_before is not None]
            unit = ScoreUnit(
                media=media,
                task_id=result.task_id,
                path=result.path,
                digest=result.digest,
                before=tuple(gate.similarity_before or 0.0 for gate in known),
                after=tuple(gate.similarity_after or 0.0 for gate in known),
            )
            yield _item(media, unit)


def _shot_item(media: MediaItem, shot: Shot, record: Record) -> Item:
    """One item a shot; of a photo it has the photo's name."""
    pixels = float(media.width_px * media.height_px * media.page_count * (shot.stop_frame - shot.first_frame))
    return Item(shot_name(media, shot), media.path, record, pixels)


def _item(media: MediaItem, record: Record, cost: float | None = None) -> Item:
    """Items are known by their path, so that a changed file replaces what its old bytes left in every table."""
    pixels = float(media.width_px * media.height_px * media.page_count)
    return Item(media.path, media.path, record, pixels if cost is None else cost)
