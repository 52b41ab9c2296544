"""Shot to Faces: where they are, how good they are, and the vector that tells people apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from f2s_catalog.erase_faces import SAME_PLACE
from f2s_catalog.records import Face
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.models import face_detector, face_embedder
from f2s_ray.models.face_detector import Detection, FaceDetector, FaceDetectorConfig
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.models.face_quality import FaceQuality, measure_quality
from f2s_ray.models.tracks import Sample, SeenFace, TrackConfig, best_frames, follow
from f2s_ray.stages.face_places import overlaps
from f2s_ray.stages.films import Films, frames_at
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.photos import MEASURING_THREADS, open_photo
from f2s_ray.stages.units import ShotUnit

__all__ = ["DetectConfig", "DetectFaces", "DetectSetup", "FilmSampling", "is_erased", "network_names"]

NEAR_SECONDS = 1.0


class FilmSampling(BaseModel):
    """Which frames of a shot are looked at, and how faces are followed from one to the next."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    every_seconds: float = Field(0.5, gt=0, le=60, description="time between two frames that are looked at")
    least_frames: int = Field(5, ge=1, description="of a short shot, as far as it has them")
    most_frames: int = Field(240, ge=2, description="of a long shot")
    faces_a_track: int = Field(8, ge=1, le=64, description="best faces of a track that are kept")
    tracks: TrackConfig = TrackConfig()


class DetectConfig(BaseModel):
    """Which faces are looked for and who tells them apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    detector: FaceDetectorConfig = FaceDetectorConfig()
    embedder: FaceEmbedderConfig = FaceEmbedderConfig()
    film: FilmSampling = FilmSampling()


class DetectSetup(DetectConfig):
    """What the user chose, the two networks as ``name@digest``, and where INPUT lies."""

    networks: tuple[str, str]
    input_root: str = Field(exclude=True)
    has_embeddings: bool = Field(
        True, exclude_if=lambda has: has, description="faces get the vector that tells people apart"
    )


def network_names(config: DetectConfig) -> tuple[str, str]:
    """``name@digest`` of detector and embedder, without loading them.

    Raises:
        ConfigError: the user's embedder is not there.
        JobError: a weight is missing or has the wrong digest.
    """
    return face_detector.network_name(), face_embedder.network_name(config.embedder)


class DetectFaces:
    """Loads the networks once; then a shot in, its faces out, but for those that were erased."""

    def __init__(self, config: DetectSetup) -> None:
        torch.set_num_threads(MEASURING_THREADS)
        self._inputs = Inputs(config.input_root)
        self._films, self._film_config = Films(self._inputs), config.film
        self._detector = FaceDetector(config.detector)
        self._embedder = FaceEmbedder(config.embedder) if config.has_embeddings else None

    def __call__(self, record: ShotUnit) -> Iterator[Face]:
        """Faces of the first page from left to right, or the best of every track of a film's shot; none is a fine answer.

        Raises:
            MediaError: the medium cannot be read.
        """
        if record.media.film is None:
            rgb = open_photo(self._inputs, record.media).pages[0].rgb
            for found in self._detector.detect(rgb):
                if not is_erased(record, 0, found.box):
                    yield _face(record, 0, self._looked(rgb, found))
        else:
            yield from self._of_film(record)

    def _of_film(self, record: ShotUnit) -> Iterator[Face]:
        film = self._films.of(record.media)
        looks: dict[tuple[int, int], _Looked] = {}
        samples = []
        for frame, rgb in frames_at(film, _sampled(record, self._film_config)):
            seen = [self._looked(rgb, found) for found in self._detector.detect(rgb)]
            looks |= {(frame, index): look for index, look in enumerate(seen)}
            samples.append(
                Sample(frame, tuple(SeenFace(x.found, x.measured.quality, x.embedding or None) for x in seen))
            )
        for number, track in enumerate(follow(samples, self._film_config.tracks)):
            if any(is_erased(record, one.frame, one.face.detection.box) for one in track.sightings):
                continue  # the others keep their numbers
            ends = (track.sightings[0].frame, track.sightings[-1].frame)
            for sighting in best_frames(track, self._film_config.faces_a_track):
                moments = (film.index.begin_seconds(frame) for frame in (sighting.frame, *ends))
                at, begin, end = (float(moment) for moment in moments)
                row = _face(record, sighting.frame, looks[sighting.frame, sighting.face_index])
                yield row.model_copy(
                    update={
                        "track_id": f"{record.shot.shot_id}/t{number}",
                        "pts_seconds": at,
                        "seen_from_seconds": begin,
                        "seen_to_seconds": end,
                    }
                )

    def _looked(self, rgb: torch.Tensor, found: Detection) -> "_Looked":
        if self._embedder is None:
            return _Looked(found, measure_quality(rgb, found), (), "")
        embedding = tuple(float(value) for value in self._embedder.embed(rgb, found.landmarks))
        return _Looked(found, measure_quality(rgb, found), embedding, self._embedder.name)


def is_erased(record: ShotUnit, frame: int, box: Sequence[float]) -> bool:
    """Whether a face is one that was erased: at its place in these bytes, in a film within a second of its frame."""
    film = record.media.film
    near_frames = 0 if film is None else film.frame_count / max(film.duration_seconds, 1e-6) * NEAR_SECONDS
    near = [place.box_px for place in record.erased if abs(place.frame - frame) <= near_frames]
    shares = overlaps(np.array(near).reshape(-1, 4), np.broadcast_to(np.array(box), (len(near), 4)))
    return bool((shares >= SAME_PLACE).any())


@dataclass(frozen=True)
class _Looked:
    """All that is known of a face in a frame, and by which embedder."""

    found: Detection
    measured: FaceQuality
    embedding: tuple[float, ...]
    embedder: str


def _face(record: ShotUnit, frame: int, looked: _Looked) -> Face:
    """The row of a face of a photo, or of a frame but for its track and times."""
    x0, y0, x1, y1 = looked.found.box
    return Face(
        face_id=f"{record.shot.shot_id}/{frame}.{(x0 + x1) / 2:.0f}x{(y0 + y1) / 2:.0f}x{x1 - x0:.0f}",
        shot_id=record.shot.shot_id,
        media_id=record.media.media_id,
        track_id=None,
        frame=frame,
        pts_seconds=0.0,
        seen_from_seconds=0.0,
        seen_to_seconds=0.0,
        box_px=looked.found.box,
        landmarks_px=looked.found.landmarks,
        score=looked.found.score,
        face_px=looked.found.short_side_px,
        sharpness=looked.measured.sharpness,
        yaw_degrees=looked.measured.yaw_degrees,
        quality=looked.measured.quality,
        embedding=looked.embedding,
        embedder=looked.embedder,
    )


def _sampled(record: ShotUnit, config: FilmSampling) -> range:
    """Frames to look at: one every so often, but some of each shot, and of a long one no more than so many."""
    shot, film = record.shot, record.media.film
    count = shot.stop_frame - shot.first_frame
    rate = film.frame_count / max(film.duration_seconds, 1e-6) if film else 1.0
    step = max(1, round(rate * config.every_seconds))
    step = min(step, max(1, count // config.least_frames))
    step = max(step, -(-count // config.most_frames))
    return range(shot.first_frame, shot.stop_frame, step)
