"""Unit vectors of faces to people: average-linkage agglomeration on a k-nearest-neighbour graph.

A link is a mean over all pairs of two groups, so a chain of look-alikes does not hold; two faces of one picture never
meet; faces of low quality join a person but neither found nor bridge one. The outcome does not depend on the order of
the input.
"""

import heapq
from collections.abc import Collection, Sequence

import faiss
import numpy as np
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ClusteringConfig", "cluster", "link_cosine"]


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


def cluster(
    embeddings: Float[np.ndarray, "n d"],
    places: Sequence[Collection[str]],
    quality: Sequence[float],
    config: ClusteringConfig | None = None,
) -> Int[np.ndarray, " n"]:
    """A label for each face, numbered as they first appear; a face that is like no other has a label of its own.

    Args:
        embeddings: unit vectors.
        places: where each was seen, in words; two that share a place are two people.
        quality: 0..1 each.
        config: how alike they must be.
    """
    config = config or ClusteringConfig()
    count = len(embeddings)
    if count == 0:
        return np.empty(0, dtype=np.int64)
    # Sums of floats depend on their order: go by content, not by input.
    order = sorted(range(count), key=lambda i: (embeddings[i].tobytes(), sorted(places[i]), quality[i]))
    vectors = np.ascontiguousarray(embeddings[order], dtype=np.float32)
    seen = [frozenset(places[i]) for i in order]
    founder = np.array([quality[i] >= config.founder_quality for i in order])
    link = link_cosine(count, config)
    groups = _Groups(vectors, seen, np.flatnonzero(founder), config, link)
    groups.merge(_edges(vectors, np.flatnonzero(founder), config.neighbours))
    groups.join(np.flatnonzero(~founder))
    return _numbered(groups.members(), order)


def link_cosine(face_count: int, config: ClusteringConfig) -> float:
    """Cosine at which two single faces are one person: about one false pair is to be expected in the whole archive."""
    pairs = max(face_count * (face_count - 1) / 2.0, 1.0)
    cosine = config.stranger_cosine + config.cosine_per_decade * np.log10(pairs * 1e-3)
    return float(np.clip(cosine, config.lowest_cosine, config.highest_cosine))


class _Groups:
    """Groups of faces while they grow; a merged group gets a new number, so a candidate with an old one is stale."""

    def __init__(
        self,
        vectors: np.ndarray,
        places: list[frozenset[str]],
        founders: np.ndarray,
        config: ClusteringConfig,
        link: float,
    ) -> None:
        self._vectors = vectors.astype(np.float64)
        self._places = places
        self._config = config
        self._link = link
        self._faces: dict[int, list[int]] = {int(i): [int(i)] for i in founders}
        self._sums: dict[int, np.ndarray] = {int(i): self._vectors[i] for i in founders}
        self._seen: dict[int, frozenset[str]] = {int(i): places[i] for i in founders}
        self._next = len(places)

    def merge(self, edges: list[tuple[int, int]]) -> None:
        """Merge the most convincing pair of groups until none is convincing."""
        near: dict[int, set[int]] = {group: set() for group in self._faces}
        for a, b in edges:
            near[a].add(b)
            near[b].add(a)
        heap = [(-excess, a, b) for a, b in edges if (excess := self._excess(a, b)) >= 0.0]
        heapq.heapify(heap)
        while heap:
            _, a, b = heapq.heappop(heap)
            if a not in self._faces or b not in self._faces:
                continue
            merged = self._unite(a, b)
            near[merged] = (near.pop(a) | near.pop(b)) - {a, b}
            for other in sorted(near[merged]):
                near[other] = (near[other] - {a, b}) | {merged}
                excess = self._excess(merged, other)
                if excess >= 0.0:
                    heapq.heappush(heap, (-excess, other, merged))

    def join(self, faces: np.ndarray) -> None:
        """Give each weak face to the person it clearly prefers, or leave it alone; it changes nobody's mean."""
        for _, face, group in sorted(self._claims(faces)):
            if not self._places[face] & self._seen[group]:
                self._faces[group].append(face)
                self._seen[group] |= self._places[face]
        taken = {face for members in self._faces.values() for face in members}
        self._faces.update({int(face): [int(face)] for face in faces if int(face) not in taken})

    def members(self) -> list[list[int]]:
        """The faces of each group."""
        return list(self._faces.values())

    def _excess(self, a: int, b: int) -> float:
        """How far the mean cosine of two groups lies above what they need; -1 when a place shows both."""
        if self._seen[a] & self._seen[b]:
            return -1.0
        sizes = len(self._faces[a]) * len(self._faces[b])
        mean = float(self._sums[a] @ self._sums[b]) / sizes
        return round(mean - self._needed(self._spread(a) * self._spread(b)), 9)

    def _spread(self, group: int) -> float:
        """How many faces' worth of evidence a group is: copies of one picture count once, different pictures more."""
        return len(self._faces[group]) ** 2 / float(self._sums[group] @ self._sums[group])

    def _needed(self, spread: float) -> float:
        return self._link - self._config.group_relief * (1.0 - max(spread, 1.0) ** -0.5)

    def _unite(self, a: int, b: int) -> int:
        merged, self._next = self._next, self._next + 1
        self._faces[merged] = self._faces.pop(a) + self._faces.pop(b)
        self._sums[merged] = self._sums.pop(a) + self._sums.pop(b)
        self._seen[merged] = self._seen.pop(a) | self._seen.pop(b)
        return merged

    def _claims(self, faces: np.ndarray) -> list[tuple[float, int, int]]:
        """Minus the mean cosine, the face and the group it clearly prefers, for each face that has one."""
        if not self._faces:
            return []
        groups = list(self._faces)
        mean_vectors = np.stack([self._sums[group] / len(self._faces[group]) for group in groups])
        needed = np.array([self._needed(self._spread(group)) for group in groups])
        claims = []
        for face in faces.tolist():
            means = np.round(mean_vectors @ self._vectors[face], 9)
            best = int(np.argmax(means))
            runner_up = float(np.max(np.delete(means, best), initial=-1.0))
            if means[best] >= needed[best] and means[best] - runner_up >= self._config.join_margin:
                claims.append((-float(means[best]), face, groups[best]))
        return claims


def _edges(vectors: np.ndarray, chosen: np.ndarray, neighbours: int) -> list[tuple[int, int]]:
    """Pairs of which one is among the other's nearest."""
    if len(chosen) < 2:
        return []
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors[chosen])
    _, nearest = index.search(vectors[chosen], min(neighbours + 1, len(chosen)))
    pairs = {(min(i, int(j)), max(i, int(j))) for i, row in enumerate(nearest) for j in row if int(j) not in (i, -1)}
    return [(int(chosen[i]), int(chosen[j])) for i, j in sorted(pairs)]


def _numbered(groups: list[list[int]], order: list[int]) -> np.ndarray:
    labels = np.empty(len(order), dtype=np.int64)
    back = [sorted(order[face] for face in group) for group in groups]
    for number, group in enumerate(sorted(back)):
        labels[group] = number
    return labels
