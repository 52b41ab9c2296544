"""A frame to a small look of it, and two looks to how unlike their pictures are, whatever moved or changed in brightness."""

from dataclasses import dataclass
from functools import cache, lru_cache
from threading import get_ident

import cv2
import numpy as np
from jaxtyping import Float, UInt8

__all__ = ["Look", "contrast", "look_at", "mixture", "resemblance", "unlikeness"]

# Width and height of all looks: small enough for noise to average out, large enough to tell two portraits apart.
SIZE_PX = (96, 72)
THUMB_PX = (24, 18)
FINE_SIGMA_PX, COARSE_SIGMA_PX = 1.0, 8.0
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
# Detail weaker than this is rounding of 8 bits and leftover noise, and tells nothing.
FLOOR = 0.004
FLOW_CONTRAST = 50.0


@dataclass(frozen=True)
class Look:
    """A frame at 96 x 72, its shape given up: detail without brightness, input of the flow, a thumbnail in colour less its mean.

    ``level`` is how bright the frame is, 0..1.
    """

    detail: Float[np.ndarray, "72 96"]
    flow_input: UInt8[np.ndarray, "72 96"]
    thumb: Float[np.ndarray, "18 24 3"]
    level: float


def look_at(frame: UInt8[np.ndarray, "h w 3"]) -> Look:
    """The look of an RGB frame of any size."""
    small = cv2.resize(frame, SIZE_PX, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0
    grey = cv2.GaussianBlur(small @ LUMA, (0, 0), FINE_SIGMA_PX)
    level = (grey - grey.mean()) * (FLOW_CONTRAST / max(float(grey.std()), FLOOR))
    thumb = cv2.resize(small, THUMB_PX, interpolation=cv2.INTER_AREA)
    return Look(
        detail=grey - cv2.GaussianBlur(grey, (0, 0), COARSE_SIGMA_PX),
        flow_input=np.clip(level + 128.0, 0, 255).astype(np.uint8),
        thumb=thumb - thumb.mean(axis=(0, 1)),
        level=float(grey.mean()),
    )


def unlikeness(before: Look, after: Look) -> float:
    """0 the same scene .. 1 nothing in common: what is left when the one is moved onto the other by optical flow.

    It is 1 minus the correlation of their details, so gain and offset do not count; where there is hardly any detail, it is near 0.
    """
    flow = _flow_engine(get_ident()).calc(
        after.flow_input, before.flow_input, np.zeros((*SIZE_PX[::-1], 2), np.float32)
    )
    x, y = _grid()
    moved = cv2.remap(
        before.detail, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    one, other = moved - moved.mean(), after.detail - after.detail.mean()
    strength = float(np.sqrt(np.mean(one**2) * np.mean(other**2)))
    rest = strength - float(np.mean(one * other))
    return float(np.clip(rest / (strength + FLOOR**2), 0.0, 1.0))


def contrast(before: Look, after: Look) -> float:
    """Standard deviation of the picture that two neighbours share, 0..1; noise has no share in it. 0 for a blank frame."""
    shared = float(np.mean(before.thumb.mean(axis=2) * after.thumb.mean(axis=2)))
    return float(np.sqrt(max(shared, 0.0)))


def resemblance(one: Look, other: Look) -> float:
    """Correlation of two thumbnails, -1..1: quick, and high only where nothing large has moved."""
    strength = _dot(one, one) * _dot(other, other)
    return float(_dot(one, other) / np.sqrt(strength)) if strength > 0 else 0.0


def mixture(first: Look, last: Look, middle: Look) -> tuple[float, float]:
    """How far ``middle`` is on its way from ``first`` (0) to ``last`` (1), and what share of it no mixture explains, 0..1.

    A dissolve is a mixture of its ends; a pan or somebody walking through is not. The ends must not be alike.
    """
    inner = np.array([[_dot(first, first), _dot(first, last)], [_dot(first, last), _dot(last, last)]])
    with_ends = np.array([_dot(first, middle), _dot(last, middle)])
    shares = np.linalg.solve(inner + np.eye(2) * FLOOR**2, with_ends)
    rest = 1.0 - float(shares @ with_ends) / max(_dot(middle, middle), FLOOR**2)
    old, new = np.maximum(shares, 0.0)
    return float(new / (old + new)) if old + new > 0 else 0.5, float(np.clip(rest, 0.0, 1.0))


def _dot(one: Look, other: Look) -> float:
    return float(np.vdot(one.thumb, other.thumb))


@lru_cache(maxsize=64)
def _flow_engine(thread: int) -> cv2.DISOpticalFlow:
    """One for each thread, since it keeps buffers."""
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    engine.setFinestScale(1)
    return engine


@cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(SIZE_PX[0], dtype=np.float32), np.arange(SIZE_PX[1], dtype=np.float32))
    return x, y
