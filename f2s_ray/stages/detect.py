"""Shot to Faces: where they are, how good they are, and the vector that tells people apart."""

from collections.abc import Iterator
from pathlib import Path

import torch
from f2s_catalog.records import Face
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.media.photo import Limits
from f2s_ray.models import face_detector, face_embedder
from f2s_ray.models.face_detector import Detection, FaceDetector, FaceDetectorConfig
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.models.face_quality import measure_quality
from f2s_ray.stages.photos import MEASURING_THREADS, open_photo
from f2s_ray.stages.units import ShotUnit

__all__ = ["DetectConfig", "DetectFaces", "DetectSetup", "network_names"]


class DetectConfig(BaseModel):
    """Which faces are looked for and who tells them apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    detector: FaceDetectorConfig = FaceDetectorConfig()
    embedder: FaceEmbedderConfig = FaceEmbedderConfig()


class DetectSetup(DetectConfig):
    """What the user chose, the two networks as ``name@digest``, and where INPUT lies."""

    networks: tuple[str, str]
    input_root: str = Field(exclude=True)


def network_names(config: DetectConfig) -> tuple[str, str]:
    """``name@digest`` of detector and embedder, without loading them.

    Raises:
        ConfigError: the user's embedder is not there.
        JobError: a weight is missing or has the wrong digest.
    """
    return face_detector.network_name(), face_embedder.network_name(config.embedder)


class DetectFaces:
    """Loads the two networks once; then a shot in, its faces from left to right out."""

    def __init__(self, config: DetectSetup) -> None:
        torch.set_num_threads(MEASURING_THREADS)
        self._root, self._limits = Path(config.input_root), Limits(max_megapixels=float("inf"))
        self._detector = FaceDetector(config.detector)
        self._embedder = FaceEmbedder(config.embedder)

    def __call__(self, record: ShotUnit) -> Iterator[Face]:
        """Faces of the first page; none is a fine answer.

        Raises:
            MediaError: the photo cannot be read.
        """
        rgb = open_photo(self._root, record.media, self._limits).pages[0].rgb
        for index, found in enumerate(self._detector.detect(rgb)):
            yield self._face(record, rgb, found, index)

    def _face(self, record: ShotUnit, rgb: torch.Tensor, found: Detection, index: int) -> Face:
        measured = measure_quality(rgb, found)
        return Face(
            face_id=f"{record.shot.shot_id}/{index}",
            shot_id=record.shot.shot_id,
            media_id=record.media.media_id,
            track_id=None,
            pts_seconds=record.shot.start_seconds,
            box_px=found.box,
            landmarks_px=found.landmarks,
            score=found.score,
            face_px=found.short_side_px,
            sharpness=measured.sharpness,
            yaw_degrees=measured.yaw_degrees,
            quality=measured.quality,
            embedding=tuple(float(value) for value in self._embedder.embed(rgb, found.landmarks)),
            embedder=self._embedder.name,
        )
