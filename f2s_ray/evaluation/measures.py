"""Two pictures to numbers; numbers to means with their uncertainty. Pictures are RGB uint8 [h, w, 3]."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from skimage.metrics import structural_similarity

__all__ = ["LUMA", "PSNR_CAP", "RESAMPLES", "interval", "mean", "psnr", "ssim"]

PSNR_CAP = 100.0
RESAMPLES = 2000
LUMA = np.array([0.299, 0.587, 0.114])


def psnr(result: UInt8[np.ndarray, "h w 3"], truth: UInt8[np.ndarray, "h w 3"]) -> float:
    """Peak signal-to-noise ratio over RGB, dB; equal pictures give ``PSNR_CAP``."""
    error = float(np.square(result.astype(np.float64) - truth.astype(np.float64)).mean())
    return PSNR_CAP if error == 0 else min(PSNR_CAP, 10 * float(np.log10(255**2 / error)))


def ssim(result: UInt8[np.ndarray, "h w 3"], truth: UInt8[np.ndarray, "h w 3"]) -> float:
    """Structural similarity of luma (BT.601), with the Gaussian window of Wang et al. 2004."""
    return float(
        structural_similarity(
            result @ LUMA, truth @ LUMA, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def mean(values: Sequence[float]) -> float:
    """Mean; not a number for an empty list."""
    return float(np.mean(values)) if len(values) else float("nan")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean (percentiles of 2000 seeded resamples); not numbers for an empty list."""
    if not len(values):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(0).choice(np.asarray(values), (RESAMPLES, len(values)))
    low, high = np.percentile(drawn.mean(1), [2.5, 97.5])
    return float(low), float(high)
