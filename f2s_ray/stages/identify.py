"""Faces to Identities, and Identities to ReferenceSets: two reductions over whole tables."""

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
from f2s_catalog.ids import digest
from f2s_catalog.records import Face, Identity, ReferenceChoice, ReferenceSet
from jaxtyping import Int

from f2s_ray.errors import ConfigError
from f2s_ray.models.clustering import ClusteringConfig, cluster
from f2s_ray.models.references import Candidate, ReferenceConfig, choose_references
from f2s_ray.stages.told import track_of

__all__ = ["gather", "identify"]


def identify(faces: Sequence[Face], previous: Sequence[Identity], config: ClusteringConfig) -> list[Identity]:
    """Who is who; sorted by id. A face that is like no other is an identity of one face.

    An identity keeps its id and name when one group holds most of those of its faces that are still there.

    Raises:
        ConfigError: the faces were embedded by more than one network.
    """
    if not faces:
        return []
    embedders = sorted({face.embedder for face in faces})
    if len(embedders) > 1:
        raise ConfigError(f"faces were embedded by {' and '.join(embedders)}; index the archive again with one of them")
    tracks = _tracks(faces)
    vectors = np.array([_centroid(track) for track in tracks], dtype=np.float32)
    quality = np.array([max(face.quality for face in track) for track in tracks])
    labels = cluster(vectors, quality, _numbered(_places(tracks)), np.full(len(tracks), -1), config)
    groups = _grouped(tracks, labels.tolist())
    kept = _inherited(groups, previous)
    return sorted(_described(groups, _ids(groups, kept), kept), key=lambda identity: identity.identity_id)


def gather(identities: Sequence[Identity], faces: Sequence[Face], config: ReferenceConfig) -> list[ReferenceSet]:
    """The references of each identity, in the order of the identities; the set is empty when no face is good enough."""
    known = {face.face_id: face for face in faces}
    return [
        ReferenceSet(
            identity_id=identity.identity_id,
            choices=_choices([known[face_id] for face_id in identity.face_ids], config),
        )
        for identity in identities
    ]


def _choices(faces: Sequence[Face], config: ReferenceConfig) -> tuple[ReferenceChoice, ...]:
    candidates = [Candidate(f.face_id, f.quality, f.sharpness, f.yaw_degrees, f.face_px) for f in faces]
    return tuple(
        ReferenceChoice(
            face_id=chosen.face.face_id,
            quality=chosen.face.quality,
            sharpness=chosen.face.sharpness,
            yaw_degrees=chosen.face.yaw_degrees,
            face_px=chosen.face.face_px,
            why=chosen.why,
        )
        for chosen in choose_references(candidates, config)
    )


def _tracks(faces: Sequence[Face]) -> list[list[Face]]:
    """The faces of one track are one person; a face of a photo is a track of its own."""
    tracks: dict[str, list[Face]] = {}
    for face in faces:
        tracks.setdefault(track_of(face), []).append(face)
    return list(tracks.values())


def _places(tracks: Sequence[Sequence[Face]]) -> list[set[str]]:
    """Words that two tracks share where both are seen at once: of a photo the photo, of a film the pair of tracks itself."""
    places = [{track[0].shot_id} if track[0].track_id is None else set() for track in tracks]
    in_shot: dict[str, list[int]] = {}
    for number, track in enumerate(tracks):
        if track[0].track_id is not None:
            in_shot.setdefault(track[0].shot_id, []).append(number)
    for numbers in in_shot.values():
        for one, other in combinations(numbers, 2):
            a, b = tracks[one][0], tracks[other][0]
            if a.seen_from_seconds <= b.seen_to_seconds and b.seen_from_seconds <= a.seen_to_seconds:
                both = f"{a.track_id} {b.track_id}"
                places[one].add(both)
                places[other].add(both)
    return places


def _numbered(places: Sequence[Collection[str]]) -> Int[np.ndarray, "m 2"]:
    """Pairs of a track and a place, both as numbers."""
    numbers: dict[str, int] = {}
    pairs = [(row, numbers.setdefault(place, len(numbers))) for row, words in enumerate(places) for place in words]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _grouped(tracks: Sequence[Sequence[Face]], labels: Sequence[int]) -> list[list[Face]]:
    """Best face first in each group; the groups in an order that does not depend on that of the input."""
    groups: dict[int, list[Face]] = {}
    for track, label in zip(tracks, labels, strict=True):
        groups.setdefault(label, []).extend(track)
    ranked = [sorted(group, key=lambda face: (-face.quality, face.face_id)) for group in groups.values()]
    return sorted(ranked, key=lambda group: group[0].face_id)


def _inherited(groups: list[list[Face]], previous: Sequence[Identity]) -> dict[int, Identity]:
    """Group number to the earlier identity it goes on; the largest common part is served first."""
    group_of = {face.face_id: number for number, group in enumerate(groups) for face in group}
    shares: list[tuple[int, str, int, Identity]] = []
    for identity in previous:
        homes = [group_of[face_id] for face_id in identity.face_ids if face_id in group_of]
        for home in sorted(set(homes)):
            if 2 * homes.count(home) > len(homes):
                shares.append((-homes.count(home), identity.identity_id, home, identity))
    kept: dict[int, Identity] = {}
    for _, _, home, identity in sorted(shares, key=lambda share: share[:3]):
        kept.setdefault(home, identity)
    return kept


def _ids(groups: list[list[Face]], kept: dict[int, Identity]) -> list[str]:
    """Inherited ids, else the digest of the best face whose digest is not somebody's already."""
    taken = {identity.identity_id for identity in kept.values()}
    ids: list[str] = []
    for number, group in enumerate(groups):
        names = [digest("identity", face.face_id) for face in group]
        names.append(digest("identity", [face.face_id for face in group]))
        ids.append(kept[number].identity_id if number in kept else next(name for name in names if name not in taken))
        taken.add(ids[-1])
    return ids


def _described(groups: list[list[Face]], ids: list[str], kept: dict[int, Identity]) -> list[Identity]:
    centroids = np.stack([_centroid(group) for group in groups])
    identities = []
    for number, group in enumerate(groups):
        vectors = np.array([face.embedding for face in group])
        others = np.delete(centroids @ centroids[number], number)
        identities.append(
            Identity(
                identity_id=ids[number],
                face_ids=tuple(face.face_id for face in group),
                centroid=tuple(float(value) for value in centroids[number]),
                cohesion=float(np.clip(np.mean(vectors @ centroids[number]), -1.0, 1.0)),
                margin=float(1.0 - np.max(others, initial=-1.0)),
                name=kept[number].name if number in kept else None,
            )
        )
    return identities


def _centroid(group: Sequence[Face]) -> np.ndarray:
    """The unit mean, by quality; of one face its own vector."""
    if len(group) == 1:
        return np.array(group[0].embedding)
    weights = np.array([face.quality for face in group]) + 1e-3
    mean = weights @ np.array([face.embedding for face in group], dtype=np.float64)
    return mean / max(float(np.linalg.norm(mean)), 1e-12)
