"""Blur kernels, and a picture to the same under one of them, on the picture's device."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

__all__ = ["blurred", "gaussian_kernel", "motion_kernel"]

Kernel = Float[Tensor, "k k"]
LEAST_SIGMA_PX = 0.1
REACH_SIGMAS = 3
STEPS_PER_PX = 8
FFT_PX = 16  # multiples of it have small prime factors, and a GPU keeps a plan for each of few sizes


def gaussian_kernel(sigma_px: tuple[float, float], angle: float = 0.0, flatness: float = 1.0) -> Kernel | None:
    """Gaussian of two widths (standard deviations), turned by ``angle`` degrees; None where it would change nothing.

    ``flatness`` is the exponent of a generalised Gaussian, exp(-(r^2)^flatness / 2): the more, the nearer to an even disc.
    The widths stay what they are: r is stretched by the closed form of its second moment.
    """
    if max(sigma_px) < LEAST_SIGMA_PX:
        return None
    radius = max(1, math.ceil(REACH_SIGMAS * max(sigma_px)))
    span = torch.arange(-radius, radius + 1, dtype=torch.float32)
    y, x = span[:, None], span
    spread = 2 ** (1 / flatness) * math.gamma(2 / flatness) / math.gamma(1 / flatness) / 2
    along, across = (spread / max(sigma, LEAST_SIGMA_PX) ** 2 for sigma in sigma_px)
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # the quadratic form of both axes, written out; rounding may take it below 0, of which there is no power
    distance = x * x * (along * cos**2 + across * sin**2) + y * y * (along * sin**2 + across * cos**2)
    distance += x * y * (2 * (along - across) * cos * sin)
    kernel = torch.exp(-0.5 * distance.clamp_(min=0) ** flatness)
    return kernel / kernel.sum()


def motion_kernel(length_px: float, angle: float) -> Kernel | None:
    """A straight stroke of the camera; None below one pixel."""
    if length_px < 1:
        return None
    half = math.ceil(length_px / 2)
    side = 2 * half + 1
    steps = torch.linspace(-length_px / 2, length_px / 2, STEPS_PER_PX * side)
    turn = math.radians(angle)
    rows = (half + steps * math.sin(turn)).round().long()
    columns = (half + steps * math.cos(turn)).round().long()
    return torch.bincount(rows * side + columns, minlength=side * side).view(side, side) / len(steps)


def blurred(frame: Float[Tensor, "c h w"], kernel: Kernel | None) -> Float[Tensor, "c h w"]:
    """Each pixel spread over its neighbours as an odd, point-symmetric kernel says; the frame goes on beyond its edges as in a mirror.

    By Fourier transform: the time does not grow with the kernel, and float32 stays float32 whatever is set about TF32 or autocast.
    """
    if kernel is None:
        return frame
    height, width = frame.shape[1:]
    kernel = _fitting(kernel, min(height, width))
    radius = kernel.shape[0] // 2
    framed = F.pad(frame[None], (radius,) * 4, mode="reflect")[0]
    size = [-(-length // FFT_PX) * FFT_PX for length in framed.shape[1:]]
    spectrum = torch.fft.rfft2(framed, s=size)
    spectrum *= torch.fft.rfft2(kernel.to(frame.device, non_blocking=True), s=size)
    spread = torch.fft.irfft2(spectrum, s=size)
    return spread[:, 2 * radius : 2 * radius + height, 2 * radius : 2 * radius + width]


def _fitting(kernel: Kernel, least_px: int) -> Kernel:
    """Cut to what a mirror at the edge of a small picture can show, its sum kept."""
    cut = max(0, kernel.shape[0] // 2 - (least_px - 1))
    inner = kernel[cut : kernel.shape[0] - cut, cut : kernel.shape[1] - cut]
    return inner * (kernel.sum() / inner.sum()) if cut else kernel
