"""Two pictures to numbers, numbers to means with their uncertainty, rows to Markdown."""

from collections.abc import Sequence

import numpy as np
from skimage.metrics import structural_similarity

from benchmarks.pictures import to_tensor
from f2s_ray.models.face_detector import Detection
from f2s_ray.models.face_embedder import FaceEmbedder

__all__ = ["PSNR_CAP", "face_similarity", "interval", "mean", "psnr", "ssim", "table"]

PSNR_CAP = 100.0
RESAMPLES = 2000
LUMA = np.array([0.299, 0.587, 0.114])


def psnr(result: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio over RGB in 8 bits, dB; equal pictures give ``PSNR_CAP``."""
    error = float(np.square(result.astype(np.float64) - truth.astype(np.float64)).mean())
    return PSNR_CAP if error == 0 else min(PSNR_CAP, 10 * float(np.log10(255**2 / error)))


def ssim(result: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity of luma (BT.601), with the Gaussian window of Wang et al. 2004."""
    return float(
        structural_similarity(
            result @ LUMA, truth @ LUMA, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def face_similarity(
    embedder: FaceEmbedder, picture: np.ndarray, truth: np.ndarray, faces: Sequence[Detection]
) -> list[float]:
    """Cosine between each face of ``truth`` and the same place of ``picture``."""
    shown, true = to_tensor(picture), to_tensor(truth)
    return [float(embedder.embed(shown, f.landmarks) @ embedder.embed(true, f.landmarks)) for f in faces]


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


def table(title: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [title, ["---"] * len(title), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
