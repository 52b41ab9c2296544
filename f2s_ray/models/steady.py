"""Restored frames to steady ones: each is averaged with its neighbours, moved onto it by optical flow, where they agree.

A frame depends on a fixed number of neighbours and on nothing before them, so a film comes out the same wherever it is cut into
pieces. Source: motion-compensated temporal filtering; flow by dense inverse search (Kroeger et al. 2016), as OpenCV has it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from threading import get_ident

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["steadied"]

# Differences of smoothed frames up to about this much are flicker, larger ones are another thing moved in. Where noise is left, most of
# the picture differs by more: then it is so many times the median difference, up to a bound.
FLICKER = 0.03
MEDIANS = 2.5
MOST_FLICKER = 0.08
SMOOTH_PX = 1.5
LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


@dataclass(frozen=True)
class _Seen:
    """A frame ``[h, w, 3]`` in 0..1, its luma in 8 bits, and itself smoothed."""

    rgb: np.ndarray
    grey: np.ndarray
    smooth: np.ndarray


def steadied(frames: Iterable[Float[Tensor, "3 h w"]], reach: int) -> Iterator[Float[Tensor, "3 h w"]]:
    """As many frames as came in; each looks at up to ``reach`` frames before and after it, those of its own shot."""
    if not reach:
        yield from frames
        return
    window: list[_Seen] = []  # frames [first, first + len(window))
    first = count = 0
    for count, frame in enumerate(frames, 1):
        window.append(_seen(frame))
        if count > reach:
            yield _steady(window, count - 1 - reach - first)
            drop = count - 2 * reach > first  # the next one is count - reach, and looks back to count - 2 * reach
            window, first = (window[1:], first + 1) if drop else (window, first)
    for number in range(max(0, count - reach), count):
        start = max(0, number - reach - first)
        yield _steady(window[start:], number - first - start)


def _seen(frame: Float[Tensor, "3 h w"]) -> _Seen:
    rgb = np.ascontiguousarray(frame.permute(1, 2, 0).numpy())
    luma = cv2.transform(rgb, 255 * LUMA)
    return _Seen(rgb, np.rint(np.clip(luma, 0, 255)).astype(np.uint8), _smooth(rgb))


def _steady(window: Sequence[_Seen], centre: int) -> Float[Tensor, "3 h w"]:
    """The frame at ``centre``, averaged with the others as far as they show the same."""
    here = window[centre]
    total, weights = here.rgb.copy(), np.ones((*here.grey.shape, 1), np.float32)
    for index, other in enumerate(window):
        if index != centre:
            moved = _moved(other.rgb, _flow(here.grey, other.grey))
            red, green, blue = np.moveaxis(cv2.absdiff(_smooth(moved), here.smooth), 2, 0)
            gap = np.maximum(np.maximum(red, green), blue)[
                ..., None
            ]  # nine times as quick as the maximum along an axis
            flicker = min(MOST_FLICKER, max(FLICKER, MEDIANS * float(np.median(gap))))
            weight = np.exp(-((gap / flicker) ** 2))
            total += weight * moved
            weights += weight
    return torch.from_numpy(total / weights).permute(2, 0, 1)


def _smooth(rgb: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(rgb, (0, 0), SMOOTH_PX)


def _flow(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Where each pixel of ``here`` lies in ``there``, ``[h, w, 2]``: x y in pixels to add."""
    return _engine(get_ident()).calc(here, there, np.zeros((*here.shape, 2), np.float32))


def _moved(rgb: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """What lies there where the flow points."""
    height, width, _ = flow.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(rgb, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@cache
def _engine(thread: int) -> cv2.DISOpticalFlow:
    """One for each thread, since it keeps buffers."""
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
