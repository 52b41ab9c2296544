"""Other rules that tell people apart, each from unit vectors and one number to a group for each face.

A face that a rule leaves out is a group of its own, so that all rules answer for the same faces. Needs scikit-learn and
hdbscan.
"""

from collections.abc import Callable

import dlib
import numpy as np
from hdbscan import HDBSCAN
from jaxtyping import Float, Int
from sklearn.cluster import DBSCAN

__all__ = ["IMMICH_DISTANCE", "RULES", "chinese_whispers", "dbscan", "hdbscan", "immich"]

IMMICH_DISTANCE = 0.5
IMMICH_FACES = 3

Rule = Callable[[Float[np.ndarray, "n d"], float], Int[np.ndarray, " n"]]


def distances(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    return np.clip(1.0 - vectors.astype(np.float64) @ vectors.T.astype(np.float64), 0.0, 2.0)


def dbscan(vectors: Float[np.ndarray, "n d"], distance: float) -> Int[np.ndarray, " n"]:
    """Two faces are enough for a person."""
    return _alone(DBSCAN(eps=distance, min_samples=2, metric="precomputed").fit_predict(distances(vectors)))


def hdbscan(vectors: Float[np.ndarray, "n d"], distance: float) -> Int[np.ndarray, " n"]:
    """Two faces are enough for a person; no group is parted below the distance."""
    rule = HDBSCAN(min_cluster_size=2, cluster_selection_epsilon=distance, metric="precomputed")
    return _alone(rule.fit_predict(distances(vectors)))


def chinese_whispers(vectors: Float[np.ndarray, "n d"], distance: float) -> Int[np.ndarray, " n"]:
    """dlib's, on the graph of pairs within the distance, as its own example does it."""
    near = np.argwhere(np.triu(distances(vectors) <= distance))
    return np.array(dlib.chinese_whispers([(int(a), int(b)) for a, b in near]), dtype=np.int64)


def immich(vectors: Float[np.ndarray, "n d"], distance: float) -> Int[np.ndarray, " n"]:
    """Immich's: a face that has two others within the distance founds a person; a face joins the nearest that has one.

    Source: handleRecognizeFaces of server/src/services/person.service.ts in immich-app/immich at 003b40b; its rule
    written anew. Faces come in the order of the vectors; those that found nobody come again after all others.
    """
    apart = distances(vectors)
    np.fill_diagonal(apart, 0.0)
    people = np.full(len(vectors), -1)
    deferred: list[int] = []
    for again, faces in ((False, range(len(vectors))), (True, deferred)):
        for face in faces:
            near = [int(i) for i in np.argsort(apart[face], kind="stable")[:IMMICH_FACES] if apart[face, i] <= distance]
            founds = len(near) >= IMMICH_FACES
            if len(near) > 1 and not founds and not again:
                deferred.append(face)
            elif len(near) > 1:
                people[face] = _immich_person(apart[face], people, near, distance, founds)
    return _alone(people)


def _immich_person(apart: np.ndarray, people: np.ndarray, near: list[int], distance: float, founds: bool) -> int:
    known = [int(people[i]) for i in near if people[i] >= 0]
    if not known:
        with_person = np.flatnonzero((people >= 0) & (apart <= distance))
        known = [int(people[with_person[np.argmin(apart[with_person])]])] if len(with_person) else []
    if known:
        return known[0]
    return int(people.max()) + 1 if founds else -1


def _alone(groups: np.ndarray) -> np.ndarray:
    out = groups < 0
    return np.where(out, groups.max(initial=0) + 1 + np.cumsum(out), groups)


RULES: dict[str, Rule] = {
    "DBSCAN": dbscan,
    "HDBSCAN": hdbscan,
    "Chinese whispers": chinese_whispers,
    "Immich's rule": immich,
}
