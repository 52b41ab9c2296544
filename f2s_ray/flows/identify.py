"""The steps that tell who is who: identities, their references, and who is seen where; they load no network."""

import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Constraint, Erasure, Face, Identity, Label, MediaItem, ReferenceSet, Sighting, Source
from pydantic import BaseModel, ConfigDict

from f2s_ray.flows.step import ReduceStep
from f2s_ray.models.clustering import ClusteringConfig
from f2s_ray.models.references import ReferenceConfig
from f2s_ray.stages.gather import gather
from f2s_ray.stages.identify import Memory, identify
from f2s_ray.stages.sight import sight

__all__ = ["identify_steps", "no_identities"]

_SEEN = (Source, MediaItem, Face)


class _Identifying(BaseModel):
    """What decides the identities besides the tables. ``afresh`` is a wish for one run: the next one keeps what it left."""

    model_config = ConfigDict(frozen=True)
    clustering: ClusteringConfig
    afresh: bool


def identify_steps(
    clustering: ClusteringConfig, references: ReferenceConfig, *, afresh: bool = False
) -> list[ReduceStep]:
    """Identities, references and sightings, from the faces that are indexed and what people said.

    Args:
        clustering: how alike two faces must be.
        references: how good a face must be to restore others.
        afresh: cluster identities of which nothing was said again from nothing.
    """

    def identities(catalog: Catalog) -> pa.Table:
        media = catalog.table(MediaItem)
        digests = dict(zip(media["media_id"].to_pylist(), media["content_digest"].to_pylist(), strict=True))
        memory = Memory(catalog.table(Identity), [*catalog.rows(Label), *catalog.rows(Constraint)], digests)
        return identify(_faces(catalog, _listed(catalog)), memory, clustering, afresh=afresh)

    def reference_sets(catalog: Catalog) -> pa.Table:
        return gather(catalog.table(Identity), _faces(catalog, _listed(catalog)), references)

    def sightings(catalog: Catalog) -> pa.Table:
        media = _listed(catalog)
        return sight(catalog.table(Identity), _faces(catalog, media), media)

    config = _Identifying(clustering=clustering, afresh=afresh)
    known = (*_SEEN, Identity)
    return [
        ReduceStep("identify", identities, config, (*_SEEN, Label, Constraint, Erasure, Identity), (Identity,)),
        ReduceStep("gather", reference_sets, references, known, (ReferenceSet,)),
        ReduceStep("sight", sightings, _Nothing(), known, (Sighting,)),
    ]


def no_identities() -> list[ReduceStep]:
    """The same steps where nobody is to be told apart: they leave empty tables."""
    config = _Off(identities=False)
    return [
        ReduceStep("identify", lambda _: (), config, (*_SEEN, Identity), (Identity,)),
        ReduceStep("gather", lambda _: (), config, (*_SEEN, Identity), (ReferenceSet,)),
        ReduceStep("sight", lambda _: (), config, (*_SEEN, Identity), (Sighting,)),
    ]


class _Off(BaseModel):
    """What tells these runs from the others."""

    identities: bool


class _Nothing(BaseModel):
    """A step that leaves no choice."""


def _listed(catalog: Catalog) -> pa.Table:
    """Media of the latest listing."""
    media = catalog.table(MediaItem)
    return media.filter(pc.is_in(media["path"], value_set=catalog.table(Source)["path"].combine_chunks()))


def _faces(catalog: Catalog, media: pa.Table) -> pa.Table:
    """Faces in these media."""
    faces = catalog.table(Face)
    return faces.filter(pc.is_in(faces["media_id"], value_set=media["media_id"].combine_chunks()))
