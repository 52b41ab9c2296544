"""Faces of the sampled frames of one shot to tracks, and the frames of a track that tell most about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import linear_sum_assignment

from f2s_ray.models.face_detector import Detection, iou

__all__ = ["Sample", "SeenFace", "Sighting", "Track", "TrackConfig", "best_frames", "follow"]

IOU_WORTH, MOTION_WORTH, LIKENESS_WORTH = 0.4, 0.3, 0.3
# Motion that halves the worth of a frame, in face sizes per frame.
CALM_SPEED = 0.02
# A frame this much worse than the best tells less than it misleads.
LEAST_SHARE_OF_BEST = 0.25


class TrackConfig(BaseModel):
    """What still counts as the same face; distances are in face sizes (root of the box's area)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_gap: int = Field(default=3, ge=0, description="samples in a row that a face may be missed in")
    reach: float = Field(default=0.7, gt=0.0, description="how far a face may be from where it is expected, per sample")
    wide_reach: float = Field(
        default=2.0, gt=0.0, description="the same where the embedding says that it is the same person"
    )
    same_cosine: float = Field(default=0.5, ge=-1.0, le=1.0, description="at least so alike is the same person")
    other_cosine: float = Field(default=0.1, ge=-1.0, le=1.0, description="less alike is another person")
    largest_zoom: float = Field(
        default=2.0, ge=1.0, description="how many times larger or smaller from sighting to sighting"
    )
    lone_score: float = Field(default=0.9, ge=0.0, le=1.0, description="a face seen only once must be so sure")


@dataclass(frozen=True)
class SeenFace:
    """A face in a frame: where, how good (0..1, as ``measure_quality`` says), and the unit vector that tells people apart."""

    detection: Detection
    quality: float
    embedding: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Sample:
    """A frame that was looked at, and its faces in any order; ``frame`` is its index in the film."""

    frame: int
    faces: tuple[SeenFace, ...]


@dataclass(frozen=True)
class Sighting:
    """One face of a track: its frame, its place in the sample's faces, and itself."""

    frame: int
    face_index: int
    face: SeenFace


@dataclass(frozen=True)
class Track:
    """One face through a shot, in the order of time; never empty."""

    sightings: tuple[Sighting, ...]


def follow(samples: Sequence[Sample], config: TrackConfig | None = None) -> list[Track]:
    """Tracks of one shot, by first frame, then from left to right.

    Samples are those of one shot only, so a track cannot span a cut. Each face belongs to at most one track; one that is seen once, and
    not surely, to none. The order of faces inside a sample does not matter.
    """
    config = config or TrackConfig()
    running: list[_Running] = []
    for number, sample in enumerate(sorted(samples, key=lambda sample: sample.frame)):
        alive = [track for track in running if number - track.last_sample <= config.max_gap + 1]
        faces = [Sighting(sample.frame, index, face) for index, face in _by_content(sample.faces)]
        for row, column in _assign(alive, faces, number, config):
            alive[row].add(faces[column], number)
        joined = {id(track.sightings[-1]) for track in alive}
        running += [_Running(face, number) for face in faces if id(face) not in joined]
    lone_score = config.lone_score if len(samples) > 1 else 0.0
    kept = [track for track in running if len(track.sightings) > 1 or track.last.face.detection.score >= lone_score]
    return [Track(tuple(track.sightings)) for track in kept]


def best_frames(track: Track, count: int) -> list[Sighting]:
    """At most ``count`` sightings that are good, calm and spread in time, in the order of time.

    The best comes first; each further one is worth less the nearer it lies to those chosen. What is far worse than the best is left out.
    """
    worth = {sighting: _calm(track, i) * sighting.face.quality for i, sighting in enumerate(track.sightings)}
    floor = LEAST_SHARE_OF_BEST * max(worth.values())
    left = [sighting for sighting in track.sightings if worth[sighting] >= floor]
    spacing = max((left[-1].frame - left[0].frame) / max(count, 1), 1.0)
    chosen: list[Sighting] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda one: (worth[one] * _apart(one, chosen, spacing), -one.frame))
        chosen.append(best)
        left.remove(best)
    return sorted(chosen, key=lambda sighting: sighting.frame)


@dataclass
class _Running:
    """A track while it grows."""

    last: Sighting
    last_sample: int
    sightings: list[Sighting] = field(default_factory=list)
    embeddings: np.ndarray | None = None

    def __post_init__(self) -> None:
        self.add(self.last, self.last_sample)

    def add(self, sighting: Sighting, sample: int) -> None:
        self.sightings.append(sighting)
        self.last, self.last_sample = sighting, sample
        if sighting.face.embedding is not None:
            vector = np.asarray(sighting.face.embedding)
            self.embeddings = vector if self.embeddings is None else self.embeddings + vector

    def expected_shift(self, frame: int) -> np.ndarray:
        """How far the face has moved on by ``frame``, in pixels, if it goes on as between its last two sightings."""
        if len(self.sightings) < 2:
            return np.zeros(2)
        before, last = self.sightings[-2], self.sightings[-1]
        speed = (_points(last) - _points(before)).mean(axis=0) / (last.frame - before.frame)
        return speed * (frame - last.frame)

    def cosine(self, face: SeenFace) -> float | None:
        """Likeness to the last sighting or to the mean of all, whichever is greater; None where one has no embedding."""
        if self.embeddings is None or face.embedding is None:
            return None
        vector = np.asarray(face.embedding)
        mean = float(vector @ self.embeddings / max(float(np.linalg.norm(self.embeddings)), 1e-9))
        last = self.last.face.embedding
        return mean if last is None else max(mean, float(vector @ np.asarray(last)))


def _by_content(faces: Sequence[SeenFace]) -> list[tuple[int, SeenFace]]:
    """Numbered as they came in, ordered by what they are."""
    numbered = list(enumerate(faces))
    return sorted(
        numbered,
        key=lambda pair: (
            pair[1].detection.box,
            pair[1].detection.landmarks,
            pair[1].embedding or (),
            -pair[1].quality,
        ),
    )


def _assign(tracks: list[_Running], faces: list[Sighting], sample: int, config: TrackConfig) -> list[tuple[int, int]]:
    """Pairs of track and face that are worth most together."""
    if not tracks or not faces:
        return []
    worth = np.array([[_worth(track, face, sample, config) for face in faces] for track in tracks])
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if worth[row, column] > 0.0]


def _worth(track: _Running, sighting: Sighting, sample: int, config: TrackConfig) -> float:
    """How well a face goes on with a track, 0..1; 0 where it cannot be the same."""
    cosine = track.cosine(sighting.face)
    if cosine is not None and cosine < config.other_cosine:
        return 0.0
    old, new = track.last.face.detection, sighting.face.detection
    size = np.sqrt(_size(old) * _size(new))
    if max(_size(old), _size(new)) > config.largest_zoom * min(_size(old), _size(new)):
        return 0.0
    reach = config.wide_reach if cosine is not None and cosine >= config.same_cosine else config.reach
    shift = track.expected_shift(sighting.frame)
    steps = sample - track.last_sample
    # A face that stops or turns back is nearer to where it was than to where it was going.
    expected, there = _points(track.last) + shift, _points(sighting)
    distance = min(_distance(expected, there), _distance(_points(track.last), there)) / size
    if distance > reach * steps:
        return 0.0
    overlap = max(iou(_moved(old.box, shift), new.box), iou(old.box, new.box))
    motion = float(np.exp(-((_distance(expected, there) / size / config.reach) ** 2)))
    likeness = 0.0 if cosine is None else LIKENESS_WORTH * cosine
    return 1e-3 + IOU_WORTH * overlap + MOTION_WORTH * motion + likeness


def _points(sighting: Sighting) -> np.ndarray:
    return np.asarray(sighting.face.detection.landmarks, dtype=np.float64).reshape(5, 2)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of five landmarks."""
    return float(np.linalg.norm(one - other, axis=1).mean())


def _size(face: Detection) -> float:
    return float(np.sqrt(max((face.box[2] - face.box[0]) * (face.box[3] - face.box[1]), 1.0)))


def _moved(box: tuple[float, float, float, float], shift: np.ndarray) -> tuple[float, float, float, float]:
    x, y = (float(value) for value in shift)
    return box[0] + x, box[1] + y, box[2] + x, box[3] + y


def _calm(track: Track, index: int) -> float:
    """1 standing still, 0.5 at 2 % of its size per frame, by the nearer of its neighbours."""
    here = track.sightings[index]
    speeds = [
        _distance(_points(here), _points(other)) / _size(here.face.detection) / abs(here.frame - other.frame)
        for other in track.sightings[max(0, index - 1) : index + 2]
        if other is not here
    ]
    return 1.0 / (1.0 + min(speeds, default=0.0) / CALM_SPEED)


def _apart(sighting: Sighting, chosen: Sequence[Sighting], spacing: float) -> float:
    """0 at a chosen frame .. 1 a full spacing away from all of them."""
    return min((min(1.0, abs(sighting.frame - other.frame) / spacing) for other in chosen), default=1.0)
