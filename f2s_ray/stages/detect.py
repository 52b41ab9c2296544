"""Shot to Faces: where they are, how good they are, and the vector that tells people apart."""

from collections.abc import Iterator
from pathlib import Path

import torch
from f2s_catalog.records import Face
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from f2s_ray.models.face_detector import Detection, FaceDetector, FaceDetectorConfig
from f2s_ray.models.face_embedder import FaceEmbedder, FaceEmbedderConfig
from f2s_ray.models.face_quality import measure_quality
from f2s_ray.stages.inputs import ShotSource

__all__ = ["DetectConfig", "DetectFaces"]


class DetectConfig(BaseModel):
    """Which faces are looked for and who tells them apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    detector: FaceDetectorConfig = FaceDetectorConfig()
    embedder: FaceEmbedderConfig = FaceEmbedderConfig()
    max_megapixels: float = Field(default=80.0, gt=0.0, description="a larger picture is refused")


class DetectFaces:
    """Loads the two networks once; then a shot in, its faces from left to right out."""

    def __init__(self, config: DetectConfig) -> None:
        self._limits = Limits(max_megapixels=config.max_megapixels)
        self._detector = FaceDetector(config.detector)
        self._embedder = FaceEmbedder(config.embedder)

    def __call__(self, source: ShotSource) -> Iterator[Face]:
        """Faces of the first page; none is a fine answer.

        Raises:
            MediaError: the photo cannot be read.
        """
        path = Path(source.root) / source.media.path
        photo = decode(path, probe(path, self._limits), self._limits)
        rgb = photo.pages[0].rgb
        for index, found in enumerate(self._detector.detect(rgb)):
            yield self._face(source, rgb, found, index)

    def _face(self, source: ShotSource, rgb: torch.Tensor, found: Detection, index: int) -> Face:
        measured = measure_quality(rgb, found)
        return Face(
            face_id=f"{source.shot.shot_id}/{index}",
            shot_id=source.shot.shot_id,
            media_id=source.media.media_id,
            track_id=None,
            pts_seconds=source.shot.start_seconds,
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
