"""The steps that tell who is who: identities, their references, and who is seen where; they load no network."""

import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of
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
    seen = _Seen()

    def identities(catalog: Catalog) -> pa.Table:
        media = catalog.table(MediaItem)
        digests = dict(zip(media["media_id"].to_pylist(), media["content_digest"].to_pylist(), strict=True))
        memory = Memory(catalog.table(Identity), [*catalog.rows(Label), *catalog.rows(Constraint)], digests)
        return identify(seen.faces(catalog), memory, clustering, afresh=afresh)

    def reference_sets(catalog: Catalog) -> pa.Table:
        return gather(catalog.table(Identity), seen.faces(catalog), references)

    def sightings(catalog: Catalog) -> pa.Table:
        faces, media = seen.faces(catalog), seen.media
        seen.forget()
        return sight(catalog.table(Identity), faces, media)

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


class _Seen:
    """What three steps on end look at, read once unless it changes in between."""

    def __init__(self) -> None:
        self._versions: list[str] = []
        self.media, self._faces = schema_of(MediaItem).empty_table(), schema_of(Face).empty_table()

    def faces(self, catalog: Catalog) -> pa.Table:
        """Faces in the ``media`` of the latest listing, which are read with them."""
        versions = catalog.versions(_SEEN)
        if versions != self._versions:
            media, faces = catalog.table(MediaItem), catalog.table(Face)
            self.media = media.filter(pc.is_in(media["path"], value_set=catalog.table(Source)["path"].combine_chunks()))
            self._faces = faces.filter(pc.is_in(faces["media_id"], value_set=self.media["media_id"].combine_chunks()))
            self._versions = versions
        return self._faces

    def forget(self) -> None:
        """A job that goes on has other uses for the memory."""
        self._versions, self._faces = [], schema_of(Face).empty_table()
