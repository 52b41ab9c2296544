"""Faces, what was known and what people said to Identities: whole tables in, a whole table out.

::

    faces -tracks-> units -facts, then who was who-> starts -cluster-> groups -ids, numbers, names-> identities
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from f2s_catalog.arrow import schema_of, to_table
from f2s_catalog.ids import digest
from f2s_catalog.records import Constraint, Identity, Label
from jaxtyping import Int

from f2s_ray.errors import ConfigError
from f2s_ray.models.clustering import ClusteringConfig, cluster
from f2s_ray.stages.face_places import FacePlaces
from f2s_ray.stages.face_units import embeddings_of, units_of
from f2s_ray.stages.facts import Said, marks_of, replay
from f2s_ray.stages.identity_rows import Grouped, identity_table
from f2s_ray.stages.starts import NEW, PAIR, Known, starts_of

__all__ = ["Memory", "identify"]


@dataclass(frozen=True)
class Memory:
    """What is known besides the faces: the identities so far, all statements, and digests of the bytes by media_id."""

    previous: pa.Table
    facts: Sequence[Label | Constraint]
    content_digests: Mapping[str, str]


def identify(faces: pa.Table, memory: Memory, config: ClusteringConfig, *, afresh: bool = False) -> pa.Table:
    """Who is who; sorted by id. A face that is like no other is an identity of one face.

    Who was one person stays one, and new faces join; only what was said parts faces. An identity of which something was
    said and whose faces are all gone keeps a row without faces, for its number; so does the one of the highest number.

    Args:
        faces: the rows of those that are to be looked at.
        memory: what is known.
        config: how alike they must be.
        afresh: identities of which nothing was said are clustered again from nothing.

    Raises:
        ConfigError: the faces were embedded by more than one network.
    """
    faces = faces.take(pc.sort_indices(faces["face_id"])).combine_chunks()
    embedders = sorted(pc.unique(faces["embedder"]).to_pylist())
    if len(embedders) > 1:
        raise ConfigError(f"faces were embedded by {' and '.join(embedders)}; index the archive again with one of them")
    places = _places(faces, memory.content_digests)
    said = replay(memory.facts, places.of_marks(marks_of(memory.facts)))
    found = _found(faces, places, memory, said, config, afresh=afresh) if faces.num_rows else _none()
    asleep = _asleep(memory.previous, found, said)
    together = pa.concat_tables([found, asleep])
    return together.take(pc.sort_indices(together["identity_id"]))


def _found(
    faces: pa.Table, places: FacePlaces, memory: Memory, said: Said, config: ClusteringConfig, *, afresh: bool
) -> pa.Table:
    """The identities of these faces."""
    known = Known.of(memory.previous, places, memory.content_digests, said)
    vectors, quality = embeddings_of(faces), faces["quality"].to_numpy()
    units = units_of(faces, vectors, said)
    starts = starts_of(units, known, said, quality, afresh=afresh)
    labels = starts.start
    if (labels == NEW).any():
        labels = cluster(units.vectors, units.quality, starts.places, starts.start, config)
    groups, unit_groups = np.unique(labels, return_inverse=True)
    group_of = unit_groups[units.of_face]
    numbers = dict(zip(memory.previous["identity_id"].to_pylist(), memory.previous["number"].to_pylist(), strict=True))
    rank = np.array([numbers.get(identity_id, len(numbers) + at) for at, identity_id in enumerate(known.ids)])
    is_stated = np.array([identity_id in said.stated for identity_id in known.ids], dtype=bool)
    owners = _started(group_of, starts.start[units.of_face], is_stated, rank)
    _inherit(owners, group_of, known.of_face, is_stated)
    ids = _ids(owners, group_of, places.face_ids, quality, known, {*numbers, *said.joined})
    sizes = np.bincount(group_of, minlength=len(groups))
    grouped = Grouped(places.face_ids, vectors, quality, group_of, ids, _numbered(ids, sizes, numbers))
    return identity_table(grouped, said, memory.previous)


def _places(faces: pa.Table, content_digests: Mapping[str, str]) -> FacePlaces:
    media = faces["media_id"].combine_chunks().dictionary_encode()
    digests = pa.array([content_digests.get(one) for one in media.dictionary.to_pylist()], pa.string())
    boxes = faces["box_px"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, 4)
    face_ids = faces["face_id"].combine_chunks()
    return FacePlaces(face_ids, digests.take(media.indices), faces["frame"].to_numpy(), boxes)


def _started(group_of: np.ndarray, start: np.ndarray, is_stated: np.ndarray, rank: np.ndarray) -> Int[np.ndarray, " g"]:
    """Whom each group goes on, as a position among the known, -1 for a new one: of several the stated, then the largest."""
    owners = np.full(int(group_of.max()) + 1, NEW, dtype=np.int64)
    begun = start != NEW
    pairs, counts = np.unique(group_of[begun] * PAIR + start[begun], return_counts=True)
    group, who = pairs // PAIR, pairs % PAIR
    order = np.lexsort((rank[who], -counts, ~is_stated[who], group))
    chosen, first = np.unique(group[order], return_index=True)
    owners[chosen] = who[order[first]]
    return owners


def _inherit(owners: np.ndarray, group_of: np.ndarray, was: np.ndarray, is_stated: np.ndarray) -> None:
    """A group that goes on nobody goes on whose faces it has the most of, largest common part first."""
    free = np.ones(len(is_stated), dtype=bool)
    free[is_stated] = False
    free[owners[owners != NEW]] = False
    known = was != NEW
    totals = np.bincount(was[known], minlength=len(is_stated))
    pairs, counts = np.unique(group_of[known] * PAIR + was[known], return_counts=True)
    group, who = pairs // PAIR, pairs % PAIR
    able = (owners[group] == NEW) & free[who] & (2 * counts > totals[who])
    for at in np.flatnonzero(able)[np.lexsort((who[able], -counts[able]))]:
        if owners[group[at]] == NEW:
            owners[group[at]] = who[at]


def _ids(
    owners: np.ndarray, group_of: np.ndarray, face_ids: pa.Array, quality: np.ndarray, known: Known, taken: set[str]
) -> list[str]:
    """Those that go on, else the digest of the best face whose digest is not somebody's already."""
    taken = taken | set(known.ids)
    order = np.lexsort((np.arange(len(group_of)), -quality, group_of))
    offsets = np.append(0, np.cumsum(np.bincount(group_of)))
    ids = [known.ids[owner] if owner != NEW else "" for owner in owners]
    new = np.flatnonzero(owners == NEW)
    for group in new[np.argsort(order[offsets[new]], kind="stable")].tolist():
        rows = order[offsets[group] : offsets[group + 1]]
        names = (digest("identity", face_ids[int(row)].as_py()) for row in rows)
        ids[group] = next(name for name in chain(names, [digest("identity", len(taken))]) if name not in taken)
        taken.add(ids[group])
    return ids


def _numbered(ids: Sequence[str], sizes: np.ndarray, numbers: Mapping[str, int]) -> list[int]:
    """The numbers that they had; new ones are counted on, the largest group first."""
    last = max(numbers.values(), default=0)
    new = sorted((row for row, one in enumerate(ids) if one not in numbers), key=lambda row: (-sizes[row], ids[row]))
    counted = {ids[row]: last + 1 + at for at, row in enumerate(new)}
    return [numbers[one] if one in numbers else counted[one] for one in ids]


def _asleep(previous: pa.Table, found: pa.Table, said: Said) -> pa.Table:
    """Rows without faces: of those that were spoken of and are not seen now, and of who has the highest number."""
    seen = set(found["identity_id"].to_pylist())
    highest = max(pc.max(table["number"]).as_py() or 0 for table in (previous, found))
    columns = (previous[name].to_pylist() for name in ("identity_id", "number"))
    rows = [
        Identity(
            identity_id=identity_id,
            number=number,
            face_ids=(),
            confirmed_face_ids=(),
            primary_face_id="",
            centroid=(),
            cohesion=0.0,
            margin=0.0,
            nearest_id=None,
            name=said.names.get(identity_id),
            is_ignored=identity_id in said.ignored,
        )
        for identity_id, number in zip(*columns, strict=True)
        if identity_id not in seen and (identity_id in said.stated or number == highest)
    ]
    return to_table(Identity, rows)


def _none() -> pa.Table:
    return schema_of(Identity).empty_table()
