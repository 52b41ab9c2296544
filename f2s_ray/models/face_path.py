"""Faces found in every frame of a stretch to smooth paths of their landmarks, each of a track that is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from f2s_ray.models.tracks import Sample, Track, TrackConfig, follow

__all__ = ["CONTEXT_FRAMES", "FacePlace", "face_paths"]

MAX_GAP = 6  # frames that a face may be missed in
SMOOTH_FRAMES = 1.5
SMOOTH_REACH = 4
FADE_FRAMES = 4
LEAST_COSINE = 0.3
CONTEXT_FRAMES = SMOOTH_REACH + FADE_FRAMES + MAX_GAP  # what lies further off changes nothing


@dataclass(frozen=True)
class FacePlace:
    """Where a face lies in a frame, five points [5, 2], and how far it has come in, 0..1."""

    landmarks: np.ndarray
    share: float


def face_paths(
    samples: Sequence[Sample], known: Mapping[str, np.ndarray], shot: range
) -> dict[str, dict[int, FacePlace]]:
    """Places by track and frame.

    Args:
        samples: all frames of a stretch with their faces, which have embeddings.
        known: unit vector of each track of the shot.
        shot: frames of the shot; where it begins or ends, a face does not fade.
    """
    paths: dict[str, dict[int, FacePlace]] = {}
    stretch = range(samples[0].frame, samples[-1].frame + 1) if samples else range(0)
    for track in follow(samples, TrackConfig(max_gap=MAX_GAP)):
        name = _owner(track, known)
        if name is not None:
            paths.setdefault(name, {}).update(_path(track, stretch, shot))
    return paths


def _owner(track: Track, known: Mapping[str, np.ndarray]) -> str | None:
    """Whose it is: the known track that it is most like."""
    vectors = [np.asarray(one.face.embedding) for one in track.sightings if one.face.embedding is not None]
    if not vectors or not known:
        return None
    mean = np.mean(vectors, axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-12)
    best = max(sorted(known), key=lambda name: float(known[name] @ mean))
    return best if float(known[best] @ mean) >= LEAST_COSINE else None


def _path(track: Track, stretch: range, shot: range) -> Iterable[tuple[int, FacePlace]]:
    """A place for every frame from the first sighting to the last: gaps are bridged in line, unrest is smoothed."""
    seen = np.array([one.frame for one in track.sightings])
    points = np.stack([np.asarray(one.face.detection.landmarks).reshape(10) for one in track.sightings])
    frames = np.arange(seen[0], seen[-1] + 1)
    lines = np.stack([np.interp(frames, seen, column) for column in points.T], 1)
    for row, frame in enumerate(frames.tolist()):
        low, high = max(0, row - SMOOTH_REACH), row + SMOOTH_REACH + 1
        weights = np.exp(-0.5 * ((frames[low:high] - frame) / SMOOTH_FRAMES) ** 2)
        smooth = (weights / weights.sum()) @ lines[low:high]
        since = None if seen[0] in (stretch.start, shot.start) else frame - seen[0]
        until = None if seen[-1] + 1 in (stretch.stop, shot.stop) else seen[-1] - frame
        steps = [step for step in (since, until) if step is not None]
        yield frame, FacePlace(smooth.reshape(5, 2), min((1.0, *((step + 1) / (FADE_FRAMES + 1) for step in steps))))
