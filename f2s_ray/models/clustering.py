"""Unit vectors of faces, and which of them are known to be one person or two, to people: a label for each face.

Average-linkage agglomeration of groups on a graph of faces that are alike. A link is a mean over all pairs of two
groups, so a chain of look-alikes does not hold; two groups that share a place never meet; faces of low quality join a
person but neither found nor bridge one. Groups that exist are kept: only what is new is looked at. The outcome does not
depend on the order of the input.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.models.cluster_graph import Groups, Need, Sums, mixed
from f2s_ray.models.cluster_index import SearchLimits, near_pairs
from f2s_ray.models.cluster_places import Places

__all__ = ["ClusteringConfig", "cluster", "link_cosine"]

NEW = -1
BLOCK_ROWS = 1 << 16
ROUNDING = 1e-5


class ClusteringConfig(BaseModel):
    """How alike two faces must be; the defaults are SFace's, measured on portraits of different people."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    stranger_cosine: float = Field(default=0.387, description="one pair of strangers in a thousand is more alike")
    cosine_per_decade: float = Field(default=0.055, description="how much more alike one pair in ten thousand is")
    lowest_cosine: float = Field(
        default=0.40, description="link of two single faces in a tiny archive; relatives want more"
    )
    highest_cosine: float = Field(default=0.55, description="link of two single faces in a huge archive")
    group_relief: float = Field(default=0.12, description="how much less a mean over many different pairs must reach")
    founder_quality: float = Field(default=0.15, description="a face below may join a person, not found one")
    join_margin: float = Field(default=0.04, description="by how much a joining face must prefer its person")
    neighbours: int = Field(default=64, ge=1, description="nearest faces that are looked at")
    exact_pairs: float = Field(default=4e10, gt=0, description="up to so many pairs all are compared, with none missed")
    list_pairs: float = Field(default=1e11, gt=0, description="pairs compared in a larger archive: time against misses")


def cluster(
    embeddings: Float[np.ndarray, "n d"],
    quality: Float[np.ndarray, " n"],
    places: Int[np.ndarray, "m 2"],
    start: Int[np.ndarray, " n"],
    config: ClusteringConfig | None = None,
) -> Int[np.ndarray, " n"]:
    """A label for each face, numbered as they first appear; a face that is like no other has a label of its own.

    Only new faces are looked up, among all, so groups that exist stay whole and stay apart, with one exception: two of
    them become one when new faces are alike to both and the mean over all pairs then suffices as for any two groups.
    A track of a film that is new is therefore one new row, its mean, and not a group of rows, which none is looked up for.

    Args:
        embeddings: unit vectors, float32; may be a memory-mapped file.
        quality: 0..1 each.
        places: pairs of a row and a place; two rows that share a place are two people.
        start: number of the group that a row is in already, -1 for a new one. Rows of a group are never parted, even
            by a place; a group counts its faces of low quality only if it has no other.
        config: how alike they must be.
    """
    config = config or ClusteringConfig()
    new = start == NEW
    group_of = _started(start, new)
    if not new.any():
        return _numbered(group_of)
    strong = np.asarray(quality) >= config.founder_quality
    groups = _groups(embeddings, places, group_of, _counted(group_of, new, strong), strong, _need(len(start), config))
    weak = group_of[new & ~strong]
    groups.known[group_of[~new]] = True
    people = _agglomerate(groups, weak, config)
    _hand_out(groups, weak, people, config)
    return _numbered(groups.root[group_of])


def link_cosine(face_count: int, config: ClusteringConfig) -> float:
    """Cosine at which two single faces are one person: about one false pair is to be expected in the whole archive."""
    pairs = max(face_count * (face_count - 1) / 2.0, 1.0)
    cosine = config.stranger_cosine + config.cosine_per_decade * np.log10(pairs * 1e-3)
    return float(np.clip(cosine, config.lowest_cosine, config.highest_cosine))


def _need(face_count: int, config: ClusteringConfig) -> Need:
    return Need(link_cosine(face_count, config), config.group_relief)


def _started(start: np.ndarray, new: np.ndarray) -> Int[np.ndarray, " n"]:
    """Number of each row's group: those that exist come first, then one for each new row."""
    kept, numbers = np.unique(start[~new], return_inverse=True)
    group_of = np.empty(len(start), dtype=np.int32)
    group_of[~new] = numbers
    group_of[new] = len(kept) + np.arange(np.count_nonzero(new))
    return group_of


def _counted(group_of: np.ndarray, new: np.ndarray, strong: np.ndarray) -> Bool[np.ndarray, " n"]:
    """Whether a row counts in its group's mean: it is strong, or its group has no strong one."""
    return strong | ~(np.bincount(group_of, weights=strong) > 0)[group_of]


def _groups(
    embeddings: np.ndarray,
    places: np.ndarray,
    group_of: np.ndarray,
    counted: np.ndarray,
    strong: np.ndarray,
    need: Need,
) -> Groups:
    row_of, place_of = np.asarray(places, dtype=np.int64).reshape(-1, 2).T
    keys = _keys(embeddings, strong, row_of, place_of)
    rows = np.flatnonzero(counted)
    # Sums of floats depend on their order: within a group it goes by content.
    rows = rows[np.lexsort((keys[rows], group_of[rows]))]
    group_keys = np.zeros(int(group_of.max()) + 1, dtype=np.uint64)
    np.add.at(group_keys, group_of, keys)
    return Groups(Sums(embeddings, rows, group_of[rows]), group_keys, Places(group_of[row_of], place_of), need)


def _keys(
    embeddings: np.ndarray, strong: np.ndarray, row_of: np.ndarray, place_of: np.ndarray
) -> UInt64[np.ndarray, " n"]:
    """A number for each row, made of its vector and of those that it shares a place with, whatever their order."""
    factors = mixed(np.arange(embeddings.shape[1], dtype=np.uint64)) | np.uint64(1)
    keys = np.empty(len(embeddings), dtype=np.uint64)
    for first in range(0, len(embeddings), BLOCK_ROWS):
        some = np.ascontiguousarray(embeddings[first : first + BLOCK_ROWS], dtype=np.float32)
        keys[first : first + BLOCK_ROWS] = (some.view(np.uint32) * factors).sum(axis=1)
    keys = mixed(keys + strong)
    found, numbers = np.unique(place_of, return_inverse=True)
    seen = np.zeros(len(found), dtype=np.uint64)
    np.add.at(seen, numbers, keys[row_of])
    np.add.at(keys, row_of, mixed(seen)[numbers])
    return mixed(keys)


def _agglomerate(groups: Groups, weak: np.ndarray, config: ClusteringConfig) -> Int[np.ndarray, " g"]:
    """Search and merge until a search brings nothing; gives the groups, but not the weak faces.

    Later searches go by the means of groups: they find again parts of one person that no two near faces connect.
    """
    limits = _limits(groups, config, margin=0.0)
    people = _people(groups, weak)
    fresh = people if not groups.known.any() else people[~groups.known[people]]
    listed = float(len(fresh)) * len(people) > config.exact_pairs
    while len(fresh):
        grown = groups.merge(*near_pairs(groups.sums.means, fresh, people, limits))
        people = _people(groups, weak)
        # Who has not grown was compared with all already; but lists miss some, so all are looked for while that pays.
        fresh = people if listed and len(grown) * 100 > len(people) else grown
        fresh = fresh if not groups.known.any() else fresh[~groups.known[fresh]]
    return people


def _people(groups: Groups, weak: np.ndarray) -> Int[np.ndarray, " g"]:
    """The groups that are not a weak face, in an order that tells nothing."""
    alive = groups.root == np.arange(len(groups.root))
    alive[weak] = False
    people = np.flatnonzero(alive).astype(np.int32)
    return people[np.argsort(groups.keys[people], kind="stable")]


def _limits(groups: Groups, config: ClusteringConfig, margin: float) -> SearchLimits:
    """A mean over pairs that suffices has a pair that is as alike, so nothing below what groups need is looked for."""
    floor = groups.need.link - groups.need.relief - margin - ROUNDING
    return SearchLimits(floor, config.neighbours, config.exact_pairs, config.list_pairs)


def _hand_out(groups: Groups, weak: np.ndarray, people: np.ndarray, config: ClusteringConfig) -> None:
    """Give each weak face to the person it clearly prefers, or leave it alone; it changes nobody's mean."""
    faces, homes = _preferred(groups, weak, people, config)
    while len(faces):
        # Of several that one place shows, the most alike is served; whom its places then forbid is out.
        served = groups.places.first_come(faces, homes)
        groups.unite(homes[served], faces[served], counted=False)
        faces, homes = faces[~served], homes[~served]
        free = ~groups.places.clash(faces, homes)
        faces, homes = faces[free], homes[free]


def _preferred(
    groups: Groups, weak: np.ndarray, people: np.ndarray, config: ClusteringConfig
) -> tuple[Int[np.ndarray, " k"], Int[np.ndarray, " k"]]:
    """Weak faces that clearly prefer a group that no place forbids, and that group; the most alike first."""
    low, high = near_pairs(groups.sums.means, weak, people, _limits(groups, config, config.join_margin))
    is_weak = np.zeros(len(groups.root), dtype=bool)
    is_weak[weak] = True
    faces, homes = np.where(is_weak[low], low, high), np.where(is_weak[low], high, low)
    means = np.round(groups.mean_cosine(faces, homes).astype(np.float64), 6)
    order = np.lexsort((-means, faces))
    faces, homes, means = faces[order], homes[order], means[order]
    best = np.flatnonzero(np.append(True, faces[1:] != faces[:-1])[: len(faces)])
    follows = np.append(faces[1:] == faces[:-1], False)[: len(faces)]
    runner_up = np.where(follows, np.append(means[1:], -1.0)[: len(faces)], -1.0)
    sure = (means >= groups.needed(faces, homes)) & (means - runner_up >= config.join_margin)
    best = best[sure[best]]
    best = best[~groups.places.clash(faces[best], homes[best])]
    best = best[np.lexsort((groups.keys[faces[best]], -means[best]))]
    return faces[best], homes[best]


def _numbered(labels: np.ndarray) -> Int[np.ndarray, " n"]:
    _, first, numbers = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[numbers]
