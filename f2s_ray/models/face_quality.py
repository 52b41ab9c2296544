"""A face in a picture to how good it is: sharpness, turn of the head, noise, and one quality that ranks references."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float
from torch import Tensor

from f2s_ray.models.face_detector import Detection

__all__ = ["FaceQuality", "blockiness", "measure_quality", "noise_sigma", "sharpness", "yaw_degrees"]

FINE_PX = 1.0
COARSE_PX = 2.5
# The ratio that the sharpest of 140 portraits reach; eyes and lips are no knife edges.
SHARP_RATIO = 1.7
LARGEST_PX = 256.0
GOOD_FACE_PX = 128.0
NOISE_LIMIT = 0.06
BLOCK_LIMIT = 0.6
JPEG_BLOCK_PX = 8
STRONGEST_EDGES = 0.15
# The strongest share s of pure noise has 1 - ln(s) times the mean energy, which is exponentially distributed.
CHOSEN_NOISE = 1.0 - np.log(STRONGEST_EDGES)
# Eyes, nose tip, mouth corners of a head looking at the camera, in millimetres: right, down, towards the camera.
HEAD_MM = np.array([[-31, 0, 0], [31, 0, 0], [0, 36, 34], [-25, 66, 10], [25, 66, 10]], dtype=np.float64)


@dataclass(frozen=True)
class FaceQuality:
    """What a face is good for; ``sharpness``, ``blockiness``, ``quality`` 0..1, ``noise_sigma`` of the grey face."""

    sharpness: float
    yaw_degrees: float
    noise_sigma: float
    blockiness: float
    quality: float


def measure_quality(rgb: Float[Tensor, "3 h w"], face: Detection) -> FaceQuality:
    """Sharpness, pose, noise, and the quality that joins them with size and the detector's certainty."""
    native = _grey_face(rgb, face)
    grey = _at_most(native, LARGEST_PX)
    sharp, noise, yaw, blocks = sharpness(grey), noise_sigma(grey), yaw_degrees(face.landmarks), blockiness(native)
    size = min(1.0, face.short_side_px / GOOD_FACE_PX)
    pose = max(0.0, float(np.cos(np.radians(yaw))))
    clean = 1.0 / (1.0 + (noise / NOISE_LIMIT) ** 2 + (blocks / BLOCK_LIMIT) ** 2)
    quality = float(np.sqrt(size) * sharp * pose * clean * face.score)
    return FaceQuality(sharp, yaw, noise, blocks, quality)


def sharpness(grey: Float[np.ndarray, "h w"]) -> float:
    """0 blurred .. 1 sharp, of a picture in 0..1; 0 where there is no edge at all.

    At the strongest edges, the gradient at a fine scale is compared with that at a coarse one. The ratio does not
    depend on contrast. Gradients are projected on each other with their sign, so noise, which has none in common,
    averages out; what little is left is known from the noise's strength and taken off.
    """
    fine, coarse = _gradient(grey, FINE_PX), _gradient(grey, COARSE_PX)
    strength = np.sum(coarse**2, axis=0)
    chosen = strength >= np.quantile(strength, 1.0 - STRONGEST_EDGES)
    noise = CHOSEN_NOISE * noise_sigma(grey) ** 2
    floor = noise * _noise_gain(COARSE_PX, COARSE_PX)
    both = float(np.sum(fine * coarse, axis=0)[chosen].mean()) - noise * _noise_gain(FINE_PX, COARSE_PX)
    alone = float(strength[chosen].mean()) - floor
    if alone <= max(floor, 1e-8):
        return 0.0
    return float(np.clip((both / alone - 1.0) / (SHARP_RATIO - 1.0), 0.0, 1.0))


def noise_sigma(grey: Float[np.ndarray, "h w"]) -> float:
    """Standard deviation of the noise on a 0..1 scale, from the flat half of the picture.

    Source: Immerkaer 1996, Fast noise variance estimation; the median instead of the mean keeps edges out.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float64)
    response = cv2.filter2D(grey, cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT_101)
    return float(np.median(np.abs(response)) / (0.6745 * 6.0))


def blockiness(grey: Float[np.ndarray, "h w"]) -> float:
    """How much steeper the picture is at every eighth pixel than elsewhere, 0..1; the grid may start anywhere."""
    return float(np.clip(min(_grid_step(grey), _grid_step(grey.T)), 0.0, 1.0))


def yaw_degrees(landmarks: Sequence[float]) -> float:
    """Turn of the head from five landmarks: 0 frontal, positive to the right of the picture, whatever the tilt.

    Fits a mean head seen from afar (scaled orthographic camera) by least squares.
    """
    points = np.asarray(landmarks, dtype=np.float64).reshape(5, 2)
    head = HEAD_MM - HEAD_MM.mean(axis=0)
    camera = np.linalg.pinv(head) @ (points - points.mean(axis=0))
    right, down = camera[:, 0], camera[:, 1]
    roll = np.arctan2(down[0], right[0])
    sideways = np.cos(roll) * right[2] + np.sin(roll) * down[2]
    scale = max(float(np.linalg.norm(right) + np.linalg.norm(down)) / 2.0, 1e-9)
    forward = float(np.cross(right, down)[2]) / scale
    return float(np.degrees(np.arctan2(sideways, max(forward, 1e-9))))


def _grey_face(rgb: Tensor, face: Detection) -> np.ndarray:
    """The face's box in grey, float64, at its native size."""
    x0, y0 = (int(value) for value in face.box[:2])
    x1, y1 = (int(np.ceil(value)) for value in face.box[2:])
    return rgb[:, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)].mean(dim=0).double().numpy()


def _at_most(grey: np.ndarray, side_px: float) -> np.ndarray:
    """Faces larger than any network here uses are shrunk, smaller ones stay as they are."""
    scale = side_px / float(np.min(grey.shape))
    return grey if scale >= 1.0 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _grid_step(grey: np.ndarray) -> float:
    """The steepest of the eight column phases against the median phase, as a share of the mean slope."""
    slope = np.abs(np.diff(grey, axis=1)).mean(axis=0) if grey.shape[1] > 1 else np.zeros(0)
    periods = len(slope) // JPEG_BLOCK_PX
    if periods < 2:
        return 0.0
    phases = np.median(slope[: periods * JPEG_BLOCK_PX].reshape(periods, JPEG_BLOCK_PX), axis=0)
    return float((phases.max() - np.median(phases)) / max(float(slope.mean()), 1e-6))


def _gradient(grey: np.ndarray, sigma_px: float) -> np.ndarray:
    """Horizontal and vertical slope of the smoothed picture, 2 h w."""
    smooth = cv2.GaussianBlur(grey, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT_101)
    return np.stack(np.gradient(smooth))[::-1] if min(grey.shape) > 1 else np.zeros((2, *grey.shape))


def _noise_gain(first_px: float, second_px: float) -> float:
    """Expected product of two smoothed gradients of white noise of strength 1, both axes together."""
    return 2.0 / (2.0 * np.pi * (first_px**2 + second_px**2) ** 2)
