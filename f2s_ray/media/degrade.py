"""A clean picture to a damaged one: the synthetic damage of training, tests and the demo.

An operator holds every number that was drawn; applying it to two pictures damages both in the same way, with noise that differs.
Order: blur, motion, shrink, noise, JPEG, grow back; then a weaker second pass, as in second-order chains.
Source: the scheme follows Real-ESRGAN (Wang et al. 2021, section 3) at output scale 1; ranges lie between S3Diff's and OSEDiff's.
"""

import math
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["CLEAN", "Operator", "Strength", "apply", "draw_operator"]

Strength = Literal["mild", "middle", "strong", "any"]
SPAN: dict[Strength, tuple[float, float]] = {
    "mild": (0.1, 0.3),
    "middle": (0.35, 0.6),
    "strong": (0.7, 1.0),
    "any": (0.03, 1.0),
}


@dataclass(frozen=True)
class Operator:
    """One drawn damage. Blur and motion in pixels, noise on a 0..1 scale, quality 1..100 (100: no JPEG), factors >= 1."""

    blur_px: tuple[float, float] = (0.0, 0.0)
    blur_angle: float = 0.0
    motion_px: float = 0.0
    motion_angle: float = 0.0
    shrink: float = 1.0
    noise: float = 0.0
    signal_dependent: float = 0.0
    noise_is_grey: bool = False
    noise_grain_px: float = 0.0
    quality: int = 100
    second_blur_px: float = 0.0
    second_noise: float = 0.0
    second_quality: int = 100

    @property
    def blur_sigma_px(self) -> float:
        """Standard deviation of all blur together, in pixels; a motion of n px counts as its own standard deviation."""
        across, along = self.blur_px
        return math.sqrt((across**2 + along**2) / 2 + self.motion_px**2 / 24 + self.second_blur_px**2)

    @property
    def noise_sigma(self) -> float:
        """Standard deviation of all noise together at mid grey, 0..1 scale."""
        return math.sqrt(self.noise**2 + self.second_noise**2)

    @property
    def jpeg_quality(self) -> float:
        """The lower of the two qualities."""
        return float(min(self.quality, self.second_quality))


CLEAN = Operator()


def draw_operator(generator: torch.Generator, strength: Strength = "any") -> Operator:
    """Draw all random numbers of one damage."""
    unit = iter(torch.rand(32, generator=generator).tolist())

    def within(low: float, high: float) -> float:
        return low + (high - low) * next(unit)

    amount = within(*SPAN[strength])
    fields: dict[str, object] = {}
    if next(unit) < 0.8:
        sigma = amount * within(0.4, 1.0) * 2.8
        fields |= {"blur_px": (sigma, sigma * within(0.6, 1.0)), "blur_angle": within(0, 180)}
    if next(unit) < 0.12:
        fields |= {"motion_px": 2 + amount * within(0.2, 1.0) * 10, "motion_angle": within(0, 180)}
    if next(unit) < 0.5:
        fields["shrink"] = 1 + amount * within(0.1, 1.0) * 2.5
    if next(unit) < 0.8:
        fields |= {
            "noise": amount * within(0.3, 1.0) * 0.12,
            "signal_dependent": within(0, 1) if next(unit) < 0.5 else 0.0,
            "noise_is_grey": next(unit) < 0.3,
            "noise_grain_px": within(0.4, 0.9) if next(unit) < 0.3 else 0.0,
        }
    if next(unit) < 0.8:
        fields["quality"] = round(95 - amount * within(0.4, 1.0) * 65)
    if next(unit) < 0.35:
        fields |= {
            "second_blur_px": amount * within(0.1, 0.8),
            "second_noise": amount * within(0.0, 1.0) * 0.03,
            "second_quality": round(95 - amount * within(0.1, 1.0) * 45),
        }
    if not fields:
        fields["quality"] = round(95 - amount * 65)
    return Operator(**fields)  # type: ignore[arg-type]


def apply(operator: Operator, rgb: Float[Tensor, "3 h w"], generator: torch.Generator) -> Float[Tensor, "3 h w"]:
    """Damage a picture; the noise is drawn from ``generator``. ``CLEAN`` gives the picture back unchanged."""
    if operator == CLEAN:
        return rgb
    frame = np.ascontiguousarray(rgb.permute(1, 2, 0).numpy())
    height, width = frame.shape[:2]
    frame = _blur(frame, operator.blur_px, operator.blur_angle)
    frame = _motion(frame, operator.motion_px, operator.motion_angle)
    if operator.shrink > 1:
        small = (max(8, round(width / operator.shrink)), max(8, round(height / operator.shrink)))
        frame = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
    frame = _noise(frame, operator, generator)
    frame = _jpeg(frame, operator.quality)
    if operator.shrink > 1:
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)
    frame = _blur(frame, (operator.second_blur_px, operator.second_blur_px), 0.0)
    if operator.second_noise > 0:
        frame = frame + operator.second_noise * torch.randn(frame.shape, generator=generator).numpy()
    frame = _jpeg(frame, operator.second_quality)
    return torch.from_numpy(np.clip(frame, 0, 1)).permute(2, 0, 1).contiguous()


def _blur(frame: np.ndarray, sigma_px: tuple[float, float], angle: float) -> np.ndarray:
    """Gaussian with two widths, turned by ``angle`` degrees."""
    if max(sigma_px) < 0.1:
        return frame
    radius = max(1, math.ceil(3 * max(sigma_px)))
    span = np.arange(-radius, radius + 1, dtype=np.float32)
    x, y = np.meshgrid(span, span)
    turn = math.radians(angle)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    kernel = np.exp(-0.5 * ((along / max(sigma_px[0], 0.1)) ** 2 + (across / max(sigma_px[1], 0.1)) ** 2))
    return cv2.filter2D(frame, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def _motion(frame: np.ndarray, length_px: float, angle: float) -> np.ndarray:
    """A straight stroke of the camera."""
    if length_px < 1:
        return frame
    side = 2 * math.ceil(length_px / 2) + 1
    kernel = np.zeros((side, side), np.float32)
    half = length_px / 2
    turn = math.radians(angle)
    for step in np.linspace(-half, half, 8 * side):
        kernel[round(side // 2 + step * math.sin(turn)), round(side // 2 + step * math.cos(turn))] += 1
    return cv2.filter2D(frame, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)


def _noise(frame: np.ndarray, operator: Operator, generator: torch.Generator) -> np.ndarray:
    """Gaussian noise, in part growing with the root of brightness (shot noise), grey or coloured, fine or grainy."""
    if operator.noise <= 0:
        return frame
    channels = 1 if operator.noise_is_grey else 3
    noise = torch.randn((*frame.shape[:2], channels), generator=generator).numpy()
    if operator.noise_grain_px > 0:
        noise = cv2.GaussianBlur(noise, (0, 0), operator.noise_grain_px).reshape(noise.shape)
        noise = noise / max(float(noise.std()), 1e-6)
    shot = np.sqrt(np.clip(2 * frame, 0, None))
    gain = (1 - operator.signal_dependent) + operator.signal_dependent * shot
    return frame + operator.noise * gain * noise


def _jpeg(frame: np.ndarray, quality: int) -> np.ndarray:
    """Through a real JPEG encoder, 4:2:0 below quality 90."""
    if quality >= 100:
        return frame
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if quality < 90 else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    stored = np.round(np.clip(frame[..., ::-1], 0, 1) * 255).astype(np.uint8)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    _, data = cv2.imencode(".jpg", stored, options)
    decoded = cast(np.ndarray, cv2.imdecode(data, cv2.IMREAD_COLOR))
    return decoded[..., ::-1].astype(np.float32) / 255
