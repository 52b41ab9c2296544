"""The way of a photo archive, as plain lists of steps: index, identify, plan, restore."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from f2s_catalog.ids import digest
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
    Source,
)
from pydantic import BaseModel, ConfigDict

from f2s_ray.flows.joins import Archive
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.face2scene import Face2SceneConfig, digests
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup, AssembleUnit, result_name
from f2s_ray.stages.borrow import BorrowConfig, borrow
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
from f2s_ray.stages.estimate import EstimateCode, EstimateConfig, EstimateSetup
from f2s_ray.stages.identify import gather, identify
from f2s_ray.stages.inventory import list_sources
from f2s_ray.stages.plan import PlanConfig, plan
from f2s_ray.stages.probe import ProbeConfig, ProbeMedia, ProbeSetup
from f2s_ray.stages.restore import RestoreConfig, RestorePhoto, RestoreSetup
from f2s_ray.stages.score import ScoreMedia, ScoreSetup
from f2s_ray.stages.split import SplitConfig, SplitShots
from f2s_ray.stages.sweep import sweep
from f2s_ray.stages.units import EstimateUnit, RestoreUnit, ScoreUnit, ShotUnit

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


def index_flow(config: PhotoConfig, source: Path, output: Path) -> list[Step]:
    """Sources, media, shots, faces."""
    root = str(source)
    probe = ProbeSetup(**config.probe.model_dump(), input_root=root)
    detect = DetectSetup(**config.detect.model_dump(), networks=network_names(config.detect), input_root=root)
    return [
        ReduceStep("list", lambda _: list_sources(source), SplitConfig(), (), (Source,)),
        MapStep("probe", ProbeMedia, probe, _sources, (Source,), MediaItem),
        MapStep("split", SplitShots, SplitConfig(), _media, (Source, MediaItem), Shot),
        MapStep("detect", DetectFaces, detect, _shots, (Source, MediaItem, Shot), Face),
    ]


def identify_flow(config: PhotoConfig, source: Path, output: Path) -> list[Step]:
    """Identities and their references, from the faces that are indexed."""

    def identities(catalog: Catalog) -> list[Identity]:
        return identify(Archive(catalog).faces, catalog.rows(Identity), config.identify)

    def references(catalog: Catalog) -> list[ReferenceSet]:
        return gather(catalog.rows(Identity), Archive(catalog).faces, config.references)

    return [
        ReduceStep("identify", identities, config.identify, (Source, MediaItem, Face, Identity), (Identity,)),
        ReduceStep("gather", references, config.references, (Source, MediaItem, Face, Identity), (ReferenceSet,)),
    ]


def plan_flow(config: PhotoConfig, source: Path, output: Path) -> list[Step]:
    """Codes and the table of work, and all that must come before."""
    names = digests(config.model)
    estimate = EstimateSetup(
        **config.estimate.model_dump(),
        model=config.model,
        estimator="+".join(names.values()),  # the scene restorer, too, makes halves of pairs
        input_root=str(source),
    )

    def codes(catalog: Catalog) -> list[DegradationCode]:
        archive = Archive(catalog)
        return list(borrow(archive.media, archive.shots, catalog.rows(CodeEstimate), config.borrow))

    def tasks(catalog: Catalog) -> list[RestoreTask]:
        archive = Archive(catalog)
        units = list(_restore_units(archive, config, str(datetime.now(tz=UTC).date())))
        measured, earlier = catalog.rows(RestoredSegment), catalog.rows(RestoreTask)
        return list(plan(units, archive.codes, measured, earlier, config.model, config.plan))

    settled = _Settled(plan=config.plan, restore=config.restore, model=config.model, networks=names)
    return [
        *index_flow(config, source, output),
        *identify_flow(config, source, output),
        MapStep("estimate", EstimateCode, estimate, _estimate_units, _PEOPLE, CodeEstimate),
        ReduceStep("borrow", codes, config.borrow, (Source, MediaItem, Shot, CodeEstimate), (DegradationCode,)),
        ReduceStep("plan", tasks, settled, (*_PEOPLE, DegradationCode, RestoreTask), (RestoreTask,)),
    ]


def restore_flow(config: PhotoConfig, source: Path, output: Path) -> list[Step]:
    """The whole way: restored files, their rows, their measures."""
    roots = {"input_root": str(source), "output_root": str(output)}
    restore = RestoreSetup(**config.restore.model_dump(), model=config.model, embedder=config.detect.embedder, **roots)

    def restore_units(catalog: Catalog) -> Iterator[Item]:
        archive = Archive(catalog)
        tasks = {task.task_id: task for task in catalog.rows(RestoreTask)}
        for unit in _restore_units(archive, config, ""):
            task = tasks.get(unit.task_id)
            if task is not None:
                yield _item(unit.media, unit.model_copy(update={"planned_on": task.planned_on}), task.expected_seconds)

    def swept(catalog: Catalog) -> tuple[Record, ...]:
        sweep(output, catalog.rows(RestoredSegment))
        return ()

    made = (Source, MediaItem, RestoreTask, RestoredSegment)
    assemble = AssembleSetup(output_root=str(output))
    return [
        *plan_flow(config, source, output),
        MapStep(
            "restore", RestorePhoto, restore, restore_units, (*_PEOPLE, DegradationCode, RestoreTask), RestoredSegment
        ),
        MapStep("assemble", AssembleMedia, assemble, _assemble_units, made, RestoredMedia),
        MapStep("score", ScoreMedia, ScoreSetup(**roots), _score_units, (*made, RestoredMedia), QualityReport),
        ReduceStep("sweep", swept, assemble, (), ()),
    ]


class _Settled(BaseModel):
    """What decides a plan besides the tables."""

    plan: PlanConfig
    restore: RestoreConfig
    model: Face2SceneConfig
    networks: dict[str, str]


_PEOPLE = (Source, MediaItem, Shot, Face, Identity, ReferenceSet)


def _restore_units(archive: Archive, config: PhotoConfig, day: str) -> Iterator[RestoreUnit]:
    """One unit for each shot that has a code; ``task_id`` is the digest of the rest, but for the day."""
    faces = archive.unit_faces()
    deciding = (digests(config.model), config.model.model_dump(mode="json"))
    restorer = f"face2scene-{config.model.size}@{digest(*deciding)[:12]}"
    for shot in archive.shots:
        code = archive.codes.get(shot.shot_id)
        if code is None:
            continue
        unit = RestoreUnit(
            task_id="",
            shot=shot,
            media=archive.media_by_id[shot.media_id],
            faces=faces(shot.shot_id),
            code=code.code,
            regions=code.regions,
            restorer=restorer,
            planned_on="",
        )
        task_id = digest(unit.model_dump(mode="json"), config.restore.model_dump(mode="json"))
        yield unit.model_copy(update={"task_id": task_id, "planned_on": day})


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
        yield _item(media, ShotUnit(shot=shot, media=media))


def _estimate_units(catalog: Catalog) -> Iterator[Item]:
    """Who else a face resembles does not touch the damage: a new person in the archive must not ask for new codes."""
    archive = Archive(catalog)
    faces = archive.unit_faces()
    seen = {attempt.item_id for attempt in catalog.attempts() if attempt.step == "detect" and attempt.status == "done"}
    for shot in archive.shots:
        media = archive.media_by_id[shot.media_id]
        if media.path not in seen:  # a photo that could not be decoded has its row already
            continue
        alone = tuple(face.model_copy(update={"person": (), "other": (), "name": None}) for face in faces(shot.shot_id))
        yield _item(media, EstimateUnit(shot=shot, media=media, faces=alone))


def _assemble_units(catalog: Catalog) -> Iterator[Item]:
    """Measured times are left out: they must not ask for the same work again."""
    archive = Archive(catalog)
    tasks = {task.task_id: task for task in catalog.rows(RestoreTask)}
    names = {media.path for media in archive.media}
    for segment in catalog.rows(RestoredSegment):
        task, media = tasks.get(segment.task_id), archive.media_by_id.get(segment.media_id)
        if task is not None and media is not None:
            settled = segment.model_copy(update={"seconds": 0.0, "model_seconds": 0.0, "peak_memory_bytes": 0})
            name = result_name(media, segment)
            yield _item(
                media,
                AssembleUnit(
                    segment=settled,
                    media=media,
                    restorer=task.restorer,
                    name_is_taken=name != media.path and name in names,
                ),
            )


def _score_units(catalog: Catalog) -> Iterator[Item]:
    archive = Archive(catalog)
    gates = {segment.task_id: segment.gates for segment in catalog.rows(RestoredSegment)}
    for result in catalog.rows(RestoredMedia):
        media = archive.media_by_id.get(result.media_id)
        if media is not None:
            known = [gate for gate in gates.get(result.task_id, ()) if gate.similarity_before is not None]
            unit = ScoreUnit(
                media=media,
                task_id=result.task_id,
                path=result.path,
                digest=result.digest,
                before=tuple(gate.similarity_before or 0.0 for gate in known),
                after=tuple(gate.similarity_after or 0.0 for gate in known),
            )
            yield _item(media, unit)


def _item(media: MediaItem, record: Record, cost: float | None = None) -> Item:
    """Items are known by their path, so that a changed file replaces what its old bytes left in every table."""
    pixels = float(media.width_px * media.height_px * media.page_count)
    return Item(media.path, media.path, record, pixels if cost is None else cost)
