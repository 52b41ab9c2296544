"""The way of a photo archive, as plain lists of steps: index, identify, plan, restore."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of, to_table
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

from f2s_ray.flows import items
from f2s_ray.flows.codes import codes
from f2s_ray.flows.identify import identify_steps, no_identities
from f2s_ray.flows.joins import Archive, listed_paths
from f2s_ray.flows.placing import measured_rates, unplaced
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.face2scene import Face2SceneConfig, digests
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup
from f2s_ray.stages.borrow import BorrowConfig
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
from f2s_ray.stages.estimate import EstimateCode, EstimateConfig, EstimateSetup
from f2s_ray.stages.inventory import list_sources
from f2s_ray.stages.judge import JudgeTracks
from f2s_ray.stages.outputs import placed, refuse_full
from f2s_ray.stages.overrides import OVERRIDES, read_overrides
from f2s_ray.stages.plan import PlanConfig, known_rate, plan
from f2s_ray.stages.probe import ProbeConfig, ProbeMedia, ProbeSetup
from f2s_ray.stages.restore import RestoreMedia
from f2s_ray.stages.score import ScoreMedia, ScoreSetup
from f2s_ray.stages.split import SplitConfig, SplitSetup, SplitShots
from f2s_ray.stages.sweep import sweep
from f2s_ray.stages.workbench import RestoreConfig, RestoreSetup

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

    def listed(_: Catalog) -> pa.Table:
        found = list_sources(source)
        refuse_full(output, pc.sum(found["byte_count"]).as_py() or 0)
        return found

    def unprobed(catalog: Catalog) -> dict[str, float]:
        return items.new_sources(catalog, "probe", probe)

    return [
        ReduceStep("list", listed, SplitConfig(), (), (Source,)),
        MapStep("probe", ProbeMedia, probe, items.sources, (Source,), MediaItem, files=unprobed),
        MapStep("split", SplitShots, SplitSetup(input_root=root), items.media, (Source, MediaItem), Shot),
        MapStep("detect", DetectFaces, detect, items.shots, (Source, MediaItem, Shot), Face),
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

    def lent(catalog: Catalog) -> pa.Table:
        return codes(catalog, config.borrow, steered.overrides)

    def tasks(catalog: Catalog) -> pa.Table:
        day, rate, tables = str(datetime.now(tz=UTC).date()), known_rate(measured_rates(catalog)), []
        paths = listed_paths(catalog)
        for first in range(0, len(paths), _PLANNED_FILES):
            archive = Archive(catalog, paths[first : first + _PLANNED_FILES])
            units = items.restore_units(archive, _restoring(config), day)
            planned = plan(units, archive.codes, rate, archive.tasks, config.model, config.plan)
            tables.append(to_table(RestoreTask, planned))
        return pa.concat_tables([schema_of(RestoreTask).empty_table(), *tables])

    judge = RestoreSetup(
        **config.restore.model_dump(),
        model=config.model,
        embedder=config.detect.embedder,
        input_root=str(source),
        output_root=str(output),
    )

    judge_units = partial(items.judge_units, has_identities=config.identities)
    settled = _Settled(plan=config.plan, restore=config.restore, model=config.model, networks=names)
    return [
        *index_flow(config, source, output),
        *identify_flow(config, source, output),
        MapStep("estimate", EstimateCode, estimate, items.estimate_units, _PEOPLE, CodeEstimate, on_gpu=True),
        ReduceStep("borrow", lent, steered, (Source, MediaItem, Shot, CodeEstimate), (DegradationCode,)),
        MapStep("judge", JudgeTracks, judge, judge_units, (*_PEOPLE, DegradationCode), TrackGate, on_gpu=True),
        ReduceStep("plan", tasks, settled, (*_PEOPLE, DegradationCode, TrackGate, RestoreTask), (RestoreTask,)),
    ]


def restore_flow(config: PhotoConfig, source: Place, output: Place) -> list[Step]:
    """The whole way: restored files, their rows, their measures."""
    roots = {"input_root": str(source), "output_root": str(output)}
    restore = RestoreSetup(**config.restore.model_dump(), model=config.model, embedder=config.detect.embedder, **roots)

    place = _Place(output)

    def restore_units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
        archive = Archive(catalog, paths)
        for unit in items.restore_units(archive, _restoring(config), ""):
            task = archive.tasks.get(unit.task_id)
            if task is not None:
                dated = unit.model_copy(update={"planned_on": task.planned_on})
                is_gone = unit.task_id in place.lost_ids
                yield Item(items.unit_name(dated), dated.media.path, dated, task.expected_seconds, is_gone)

    def assemble_units(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
        for unit in items.assemble_units(Archive(catalog, paths), place.listed):
            yield replace(items.media_item(unit.media, unit), is_gone=unit.media.path in place.open_paths)

    def swept(catalog: Catalog) -> tuple[Record, ...]:
        media_ids = [one.media_id for one in unplaced(catalog, placed(output))]
        sweep(output, catalog.rows(RestoredSegment, media_id=media_ids))
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
            wave_cost=_WAVE_SECONDS,
            files=place.unmade,
            lost=place.unmade,
            on_gpu=True,
            items_at_once=3,  # one is decoded, one restored, one encoded
        ),
        MapStep("assemble", AssembleMedia, assemble, assemble_units, made, RestoredMedia, lost=place.open),
        MapStep("score", ScoreMedia, ScoreSetup(**roots), items.score_units, (*made, RestoredMedia), QualityReport),
        ReduceStep("sweep", swept, assemble, (), ()),
    ]


def _restoring(config: PhotoConfig) -> items.Restoring:
    return items.Restoring(config.restore, config.model, has_identities=config.identities)


class _Place:
    """What is not in its place in OUTPUT, as it was when the steps that make it began."""

    def __init__(self, output: Place) -> None:
        self._output = output
        self.listed: list[str] = []
        self.lost_ids: frozenset[str] = frozenset()
        self.open_paths: dict[str, float] = {}

    def unmade(self, catalog: Catalog) -> dict[str, float]:
        """Look; then files with tasks that have no segment, or lost it, with the seconds expected for all."""
        found = unplaced(catalog, placed(self._output))
        self.listed = listed_paths(catalog)
        self.lost_ids = frozenset().union(*(one.lost_ids for one in found))
        self.open_paths = {one.path: one.seconds for one in found}
        return {one.path: one.seconds for one in found if one.lost_ids or not one.is_made}

    def open(self, _: Catalog) -> dict[str, float]:
        """Files whose result is not in its place, as they were found."""
        return self.open_paths


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


_PLANNED_FILES = 4096  # at once
_WAVE_SECONDS = 600.0  # of expected work for each worker, until results are put in their place
_PEOPLE = (Source, MediaItem, Shot, Face, Identity, ReferenceSet)
