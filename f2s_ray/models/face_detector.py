"""A picture to its faces: boxes and five landmarks by YuNet, in pixels of the picture that came in."""

from dataclasses import dataclass, replace
from threading import Lock

import cv2
import numpy as np
import torch
from f2s_catalog.ids import file_digest
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from f2s_ray.models import weights

__all__ = ["Detection", "FaceDetector", "FaceDetectorConfig", "iou", "network_name", "to_bgr"]

SAME_FACE_IOU = 0.3
SURELY_SAME_IOU = 0.5
MAX_CANDIDATES = 5000
# The closer look: a face of this size in a window about twice as wide.
CLOSE_FACE_PX = 224
CLOSE_LOOK_PX = 472
ORIGIN = np.zeros(2)


class FaceDetectorConfig(BaseModel):
    """What counts as a face, and at which sizes it is looked for.

    YuNet sees faces from about 10 to 700 px. The coarse look finds the large ones; where the picture is larger
    than that, a finer look finds the small ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    min_score: float = Field(default=0.7, ge=0.0, le=1.0, description="detections below are dropped")
    min_face_px: float = Field(default=20.0, gt=0.0, description="a face whose box is narrower is dropped")
    coarse_side_px: int = Field(default=1280, ge=64, description="long side of the picture in the first look")
    fine_side_px: int = Field(default=3840, ge=64, description="long side in the second look, if it has that many")


@dataclass(frozen=True)
class Detection:
    """A face: ``box`` x0 y0 x1 y1, ``landmarks`` x y of eyes, nose tip, mouth corners, in pixels; ``score`` 0..1."""

    box: tuple[float, float, float, float]
    landmarks: tuple[float, float, float, float, float, float, float, float, float, float]
    score: float

    @property
    def short_side_px(self) -> float:
        """Shorter side of the box."""
        return min(self.box[2] - self.box[0], self.box[3] - self.box[1])


class FaceDetector:
    """YuNet in OpenCV on the CPU; its rounding does not depend on the number of threads."""

    def __init__(self, config: FaceDetectorConfig | None = None) -> None:
        self._config = config or FaceDetectorConfig()
        file = weights.path(weights.FACE_DETECTOR)
        self._net = _load(str(file), self._config.min_score)
        self._lock = Lock()
        self.name = network_name()

    def detect(self, rgb: Float[Tensor, "3 h w"]) -> list[Detection]:
        """Faces from left to right; empty when there is none. ``rgb`` is in 0..1."""
        image = to_bgr(rgb)
        found = self._look(image, self._config.coarse_side_px)
        if max(image.shape[:2]) > self._config.coarse_side_px:
            found += self._look(image, self._config.fine_side_px)
        found = [face for face in found if face.short_side_px >= self._config.min_face_px]
        refined = [self._refined(image, face) for face in _best_of_each(found)]
        return sorted(refined, key=lambda face: (face.box, face.landmarks))

    def _look(self, image: np.ndarray, long_side_px: int) -> list[Detection]:
        height, width = image.shape[:2]
        scale = min(1.0, long_side_px / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = image if scale == 1.0 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        stretch = np.array([width / size[0], height / size[1]])
        return [_detection(row, stretch, (width, height)) for row in self._run(small)]

    def _refined(self, image: np.ndarray, face: Detection) -> Detection:
        """The face with landmarks from a closer look; at the size it is found at, a tilted head's are far off."""
        scale = CLOSE_FACE_PX / face.short_side_px
        centre = np.array([face.box[0] + face.box[2], face.box[1] + face.box[3]]) / 2.0
        low = np.maximum(np.floor(centre - CLOSE_LOOK_PX / 2.0 / scale), 0).astype(int)
        high = np.ceil(centre + CLOSE_LOOK_PX / 2.0 / scale).astype(int)
        crop = image[low[1] : high[1], low[0] : high[0]]
        size = (max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale)))
        close = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC)
        canvas = np.zeros((CLOSE_LOOK_PX + 8, CLOSE_LOOK_PX + 8, 3), dtype=np.uint8)
        part = close[: canvas.shape[0], : canvas.shape[1]]
        canvas[: part.shape[0], : part.shape[1]] = part
        stretch = np.array([crop.shape[1] / size[0], crop.shape[0] / size[1]])
        seen = [_detection(row, stretch, (image.shape[1], image.shape[0]), low) for row in self._run(canvas)]
        best = max(seen, key=lambda other: iou(other.box, face.box), default=face)
        return replace(face, landmarks=best.landmarks) if iou(best.box, face.box) >= SURELY_SAME_IOU else face

    def _run(self, image: np.ndarray) -> np.ndarray:
        with self._lock:
            self._net.setInputSize((image.shape[1], image.shape[0]))
            _, rows = self._net.detect(image)
        return np.empty((0, 15)) if rows is None else rows.astype(np.float64)


def network_name() -> str:
    """``name@digest`` of the detector, without loading it. Raises: JobError when it is missing or damaged."""
    return f"{weights.FACE_DETECTOR}@{file_digest(weights.path(weights.FACE_DETECTOR))[:12]}"


def to_bgr(rgb: Float[Tensor, "3 h w"]) -> np.ndarray:
    """OpenCV's order: h w 3, blue first, uint8 0..255."""
    image = np.empty((*rgb.shape[1:], 3), dtype=np.uint8)
    for channel in range(3):  # one at a time: a float copy of a large picture is hundreds of megabytes
        image[:, :, 2 - channel] = (rgb[channel].clamp(0.0, 1.0) * 255.0).round_().to(torch.uint8).numpy()
    return image


def _load(file: str, min_score: float) -> cv2.FaceDetectorYN:
    """OpenCV 5 warns at each load that its new engine takes no target; that is no news for the user."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.FaceDetectorYN.create(file, "", (320, 320), min_score, SAME_FACE_IOU, MAX_CANDIDATES)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _detection(row: np.ndarray, stretch: np.ndarray, size: tuple[int, int], origin: np.ndarray = ORIGIN) -> Detection:
    corners = np.stack([row[:2], row[:2] + row[2:4]]) * stretch + origin
    box = np.clip(corners, 0.0, size).reshape(-1)
    points = (row[4:14].reshape(5, 2) * stretch + origin).reshape(-1)
    return Detection(
        box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        landmarks=tuple(float(value) for value in points),  # type: ignore[arg-type]
        score=float(min(row[14], 1.0)),
    )


def _best_of_each(faces: list[Detection]) -> list[Detection]:
    """Of detections that overlap, the most certain."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: (-face.score, face.box)):
        if all(iou(face.box, other.box) < SAME_FACE_IOU for other in kept):
            kept.append(face)
    return kept


def iou(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Share of two boxes x0 y0 x1 y1 that they have in common, 0..1; 0 where both are empty."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union > 0 else 0.0
