"""A clean picture to a damaged one: the synthetic damage of training, tests and the demo, on the picture's device.

An operator holds every number that was drawn; applying it to two pictures damages both in the same way, with noise that differs.
Two passes: blur (the first with motion), shrink, noise, JPEG, grow back; the second is weaker and often absent.
Source: the scheme follows Real-ESRGAN (Wang et al. 2021, section 3) at output scale 1; ranges lie between S3Diff's and OSEDiff's.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from f2s_ray.media.blur import blurred, gaussian_kernel, motion_kernel
from f2s_ray.media.jpeg_round_trip import jpeg_round_trip

__all__ = ["CLEAN", "Operator", "Resampling", "Strength", "apply", "draw_operator"]

Resampling = Literal["area", "bilinear", "bicubic"]
Fields = dict[str, object]
Within = Callable[[float, float], float]
# drawn with equal chance; growing by area leaves stairs, which are rarer in people's pictures
SHRINKS: tuple[Resampling, ...] = ("area", "bilinear", "bicubic")
GROWTHS: tuple[Resampling, ...] = ("area", "bilinear", "bilinear", "bicubic", "bicubic")
SMALLEST_PX = 8
Strength = Literal["mild", "middle", "strong", "any"]
SPAN: dict[Strength, tuple[float, float]] = {
    "mild": (0.1, 0.3),
    "middle": (0.35, 0.6),
    "strong": (0.7, 1.0),
    "any": (0.03, 1.0),
}


@dataclass(frozen=True)
class Operator:
    """One drawn damage. Blur and motion in pixels, noise on a 0..1 scale, quality 1..100 (100: no JPEG), factors >= 1.

    ``blur_flatness`` 1 is a Gaussian, more is nearer to the disc of a lens out of focus; ``blotch`` is noise in the colours alone.
    """

    blur_px: tuple[float, float] = (0.0, 0.0)
    blur_angle: float = 0.0
    blur_flatness: float = 1.0
    motion_px: float = 0.0
    motion_angle: float = 0.0
    shrink: float = 1.0
    shrink_by: Resampling = "area"
    grow_by: Resampling = "bicubic"
    noise: float = 0.0
    signal_dependent: float = 0.0
    noise_is_grey: bool = False
    noise_grain_px: float = 0.0
    blotch: float = 0.0
    blotch_px: float = 0.0
    quality: int = 100
    second_blur_px: float = 0.0
    second_shrink: float = 1.0
    second_noise: float = 0.0
    second_quality: int = 100

    @property
    def blur_sigma_px(self) -> float:
        """Standard deviation of all blur together, in pixels; a motion of n px counts as its own standard deviation."""
        across, along = self.blur_px
        return math.sqrt((across**2 + along**2) / 2 + self.motion_px**2 / 24 + self.second_blur_px**2)

    @property
    def noise_sigma(self) -> float:
        """Standard deviation of all noise together at mid grey, 0..1 scale, root mean square of the channels."""
        return math.sqrt(self.noise**2 + self.blotch**2 + self.second_noise**2)

    @property
    def jpeg_quality(self) -> float:
        """The lower of the two qualities."""
        return float(min(self.quality, self.second_quality))

    @property
    def downscale(self) -> float:
        """How many times smaller the picture once was: the larger of the two factors, for each pass grows back."""
        return max(self.shrink, self.second_shrink)


CLEAN = Operator()


def draw_operator(generator: torch.Generator, strength: Strength = "any") -> Operator:
    """Draw all random numbers of one damage."""
    unit = iter(torch.rand(64, generator=generator, device=generator.device).tolist())

    def within(low: float, high: float) -> float:
        return low + (high - low) * next(unit)

    amount = within(*SPAN[strength])
    fields = _drawn_optics(amount, within) | _drawn_sensor(amount, within)
    if within(0, 1) < 0.8:
        fields["quality"] = round(95 - amount * within(0.4, 1.0) * 65)
    if within(0, 1) < 0.35:
        fields |= _drawn_second(amount, within)
    if not fields:
        fields["quality"] = round(95 - amount * 65)
    if "shrink" in fields or "second_shrink" in fields:
        fields |= {
            name: some[int(within(0, len(some)))] for name, some in (("shrink_by", SHRINKS), ("grow_by", GROWTHS))
        }
    return Operator(**fields)  # type: ignore[arg-type]


def _drawn_optics(amount: float, within: Within) -> Fields:
    """Blur, motion and size of the first pass."""
    fields: Fields = {}
    if within(0, 1) < 0.8:
        sigma = amount * within(0.4, 1.0) * 2.8
        fields |= {"blur_px": (sigma, sigma * within(0.6, 1.0)), "blur_angle": within(0, 180)}
        if within(0, 1) < 0.25:
            fields["blur_flatness"] = within(1.0, 4.0)
    if within(0, 1) < 0.12:
        fields |= {"motion_px": 2 + amount * within(0.2, 1.0) * 10, "motion_angle": within(0, 180)}
    if within(0, 1) < 0.5:
        fields["shrink"] = 1 + amount * within(0.1, 1.0) * 2.5
    return fields


def _drawn_sensor(amount: float, within: Within) -> Fields:
    """Noise of the first pass."""
    fields: Fields = {}
    if within(0, 1) < 0.8:
        fields |= {
            "noise": amount * within(0.3, 1.0) * 0.12,
            "signal_dependent": within(0, 1) if within(0, 1) < 0.5 else 0.0,
            "noise_is_grey": within(0, 1) < 0.3,
            "noise_grain_px": within(0.4, 0.9) if within(0, 1) < 0.3 else 0.0,
        }
    if within(0, 1) < 0.15:
        fields |= {"blotch": amount * within(0.2, 1.0) * 0.05, "blotch_px": within(0.8, 2.5)}
    return fields


def _drawn_second(amount: float, within: Within) -> Fields:
    """The weaker second pass."""
    fields: Fields = {
        "second_blur_px": amount * within(0.1, 0.8),
        "second_noise": amount * within(0.0, 1.0) * 0.03,
        "second_quality": round(95 - amount * within(0.1, 1.0) * 45),
    }
    if within(0, 1) < 0.3:
        fields["second_shrink"] = 1 + amount * within(0.1, 1.0)
    return fields


def apply(operator: Operator, rgb: Float[Tensor, "3 h w"], generator: torch.Generator) -> Float[Tensor, "3 h w"]:
    """Damage a picture on its device, where ``generator`` lives too, of which the noise is drawn.

    ``CLEAN`` gives the picture back unchanged; a generator draws other noise on a GPU than on a CPU, all else is alike.
    """
    if operator == CLEAN:
        return rgb
    size = rgb.shape[1:]
    frame = blurred(rgb, gaussian_kernel(operator.blur_px, operator.blur_angle, operator.blur_flatness))
    frame = blurred(frame, motion_kernel(operator.motion_px, operator.motion_angle))
    frame = _shrunk(frame, operator.shrink, operator.shrink_by)
    frame = _noisy(frame, operator, generator)
    frame = _resized(_jpeg(frame, operator.quality), size, operator.grow_by)
    frame = blurred(frame, gaussian_kernel((operator.second_blur_px, operator.second_blur_px)))
    frame = _shrunk(frame, operator.second_shrink, operator.shrink_by)
    if operator.second_noise > 0:
        frame = torch.add(frame, _randn(frame, 3, generator), alpha=operator.second_noise)
    frame = _resized(_jpeg(frame, operator.second_quality), size, operator.grow_by)
    return frame.clamp(0, 1)


def _shrunk(frame: Tensor, factor: float, by: Resampling) -> Tensor:
    height, width = (max(SMALLEST_PX, round(length / factor)) for length in frame.shape[1:])
    return _resized(frame, (height, width), by) if factor > 1 else frame


def _resized(frame: Tensor, size: tuple[int, ...], by: Resampling) -> Tensor:
    """Resampled to height and width; where it shrinks, every pixel has its say."""
    if frame.shape[1:] == size:
        return frame
    return F.interpolate(frame[None], size=size, mode=by, antialias=by != "area")[0]


def _noisy(frame: Tensor, operator: Operator, generator: torch.Generator) -> Tensor:
    """Gaussian noise, in part growing with the root of brightness (shot noise), grey or coloured, fine or grainy; and blotches."""
    if operator.noise > 0:
        noise = _grainy(_randn(frame, 1 if operator.noise_is_grey else 3, generator), operator.noise_grain_px)
        shot = (2 * frame).clamp_(min=0).sqrt_()
        gain = shot.mul_(operator.signal_dependent).add_(1 - operator.signal_dependent)
        frame = torch.addcmul(frame, gain, noise, value=operator.noise)
    if operator.blotch > 0:
        noise = _grainy(_randn(frame, 3, generator), operator.blotch_px)
        # what the mean leaves has 2/3 of the variance
        frame = frame + operator.blotch * math.sqrt(1.5) * (noise - noise.mean(0, keepdim=True))
    return frame


def _randn(frame: Tensor, channels: int, generator: torch.Generator) -> Tensor:
    return torch.randn((channels, *frame.shape[1:]), generator=generator, device=frame.device)


def _grainy(noise: Tensor, grain_px: float) -> Tensor:
    """Noise of unit variance with neighbours tied together, of unit variance still."""
    kernel = gaussian_kernel((grain_px, grain_px))
    return noise if kernel is None else blurred(noise, kernel / kernel.norm())


def _jpeg(frame: Tensor, quality: int) -> Tensor:
    return frame if quality >= 100 else jpeg_round_trip(frame, quality)
