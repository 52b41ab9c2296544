"""A picture to its faces: boxes and five landmarks by YuNet, in pixels of the picture that came in."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.models import weights

__all__ = ["Detection", "FaceDetector", "FaceDetectorConfig"]

NMS_IOU = 0.3
MAX_CANDIDATES = 5000


class FaceDetectorConfig(BaseModel):
    """What counts as a face, and at which size it is looked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min_score: float = Field(default=0.7, ge=0.0, le=1.0, description="detections below are dropped")
    min_face_px: float = Field(default=20.0, gt=0.0, description="a face whose box is narrower is dropped")
    long_side_px: int = Field(default=1280, ge=64, description="a larger picture is shrunk to this long side first")


@dataclass(frozen=True)
class Detection:
    """A face: ``box`` x0 y0 x1 y1, ``landmarks`` x y of eyes, nose tip, mouth corners, in pixels; ``score`` 0..1."""

    box: tuple[float, float, float, float]
    landmarks: tuple[float, float, float, float, float, float, float, float, float, float]
    score: float


class FaceDetector:
    """YuNet in OpenCV on the CPU; one thread, so that the machine's load decides nothing."""

    def __init__(self, config: FaceDetectorConfig | None = None) -> None:
        self._config = config or FaceDetectorConfig()
        file = weights.path(weights.FACE_DETECTOR)
        self._net = cv2.FaceDetectorYN.create(
            str(file), "", (320, 320), self._config.min_score, NMS_IOU, MAX_CANDIDATES
        )
        self.name = f"{weights.FACE_DETECTOR}@{weights.file_digest(file)[:12]}"

    def detect(self, rgb: Float[Tensor, "3 h w"]) -> list[Detection]:
        """Faces from left to right; empty when there is none. ``rgb`` is in 0..1."""
        height, width = rgb.shape[1:]
        image = to_bgr(rgb)
        scale = min(1.0, self._config.long_side_px / max(height, width))
        if scale < 1.0:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        rows = self._run(image)
        stretch = np.array([width / image.shape[1], height / image.shape[0]], dtype=np.float64)
        found = [_detection(row, stretch, (width, height)) for row in rows]
        kept = [face for face in found if _short_side(face) >= self._config.min_face_px]
        return sorted(kept, key=lambda face: (face.box, face.landmarks))

    def _run(self, image: np.ndarray) -> np.ndarray:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            self._net.setInputSize((image.shape[1], image.shape[0]))
            _, rows = self._net.detect(image)
        finally:
            cv2.setNumThreads(threads)
        return np.empty((0, 15)) if rows is None else rows.astype(np.float64)


def to_bgr(rgb: Float[Tensor, "3 h w"]) -> np.ndarray:
    """OpenCV's order: h w 3, blue first, uint8 0..255."""
    levels = (rgb.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
    return np.ascontiguousarray(levels.flip(0).permute(1, 2, 0).numpy())


def _detection(row: np.ndarray, stretch: np.ndarray, size: tuple[int, int]) -> Detection:
    corners = np.stack([row[:2], row[:2] + row[2:4]]) * stretch
    box = np.clip(corners, 0.0, size).reshape(-1)
    points = (row[4:14].reshape(5, 2) * stretch).reshape(-1)
    return Detection(
        box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        landmarks=tuple(float(value) for value in points),  # type: ignore[arg-type]
        score=float(min(row[14], 1.0)),
    )


def _short_side(face: Detection) -> float:
    return min(face.box[2] - face.box[0], face.box[3] - face.box[1])
