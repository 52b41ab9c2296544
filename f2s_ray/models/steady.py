"""Restored frames to steady ones: each is averaged with its neighbours, moved onto it by optical flow, where they agree.

A frame depends on a fixed number of neighbours and on nothing before them, so a film comes out the same wherever it is cut into
pieces. Source: motion-compensated temporal filtering; flow by dense inverse search (Kroeger et al. 2016), as OpenCV has it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from threading import get_ident

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["steadied", "steady_frame"]

# Differences of smoothed frames up to about this much are flicker, larger ones are another thing moved in. Where noise is left, most of
# the picture differs by more: then it is so many times the median difference, up to a bound.
FLICKER = 0.03
MEDIANS = 2.5
MOST_FLICKER = 0.08
SMOOTH_PX = 1.5
LUMA = (0.299, 0.587, 0.114)


def steadied(frames: Iterable[Float[Tensor, "3 h w"]], reach: int) -> Iterator[Float[Tensor, "3 h w"]]:
    """As many frames as came in; each looks at up to ``reach`` frames before and after it, those of its own shot."""
    window: list[Tensor] = []  # frames [first, first + len(window))
    first = count = 0
    for count, frame in enumerate(frames, 1):
        window.append(frame)
        if count > reach:
            yield steady_frame(window, count - 1 - reach - first)
            drop = count - 2 * reach > first  # the next one is count - reach, and looks back to count - 2 * reach
            window, first = (window[1:], first + 1) if drop else (window, first)
    for number in range(max(0, count - reach), count):
        start = max(0, number - reach - first)
        yield steady_frame(window[start:], number - first - start)


def steady_frame(window: Sequence[Float[Tensor, "3 h w"]], centre: int) -> Float[Tensor, "3 h w"]:
    """The frame at ``centre``, averaged with the others as far as they show the same."""
    here = window[centre]
    grey, smooth = _grey(here), _smooth(here)
    total, weights = here.clone(), torch.ones_like(here[:1])
    for index, other in enumerate(window):
        if index != centre:
            moved = _moved(other, _flow(grey, _grey(other)))
            gap = (_smooth(moved) - smooth).abs().amax(0, keepdim=True)
            flicker = min(MOST_FLICKER, max(FLICKER, MEDIANS * float(gap.median())))
            weight = torch.exp(-((gap / flicker) ** 2))
            total += weight * moved
            weights += weight
    return total / weights


def _grey(frame: Float[Tensor, "3 h w"]) -> np.ndarray:
    luma = (frame * torch.tensor(LUMA)[:, None, None]).sum(0)
    return luma.mul(255).round().clamp(0, 255).to(torch.uint8).numpy()


def _smooth(frame: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
    spread = cv2.GaussianBlur(frame.permute(1, 2, 0).contiguous().numpy(), (0, 0), SMOOTH_PX)
    return torch.from_numpy(spread).permute(2, 0, 1)


def _flow(here: np.ndarray, there: np.ndarray) -> Float[Tensor, "h w 2"]:
    """Where each pixel of ``here`` lies in ``there``, as x y in pixels to add."""
    flow = _engine(get_ident()).calc(here, there, np.zeros((*here.shape, 2), np.float32))
    return torch.from_numpy(flow)


def _moved(frame: Float[Tensor, "3 h w"], flow: Float[Tensor, "h w 2"]) -> Float[Tensor, "3 h w"]:
    """What lies in ``frame`` where the flow points."""
    height, width = frame.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    place = torch.stack([x, y], -1) + flow
    grid = (2 * place + 1) / torch.tensor([width, height]) - 1
    return F.grid_sample(frame[None], grid[None], mode="bicubic", padding_mode="border", align_corners=False)[0]


@cache
def _engine(thread: int) -> cv2.DISOpticalFlow:
    """One for each thread, since it keeps buffers."""
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
