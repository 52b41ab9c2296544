"""What training minimises, and what it shows while it runs."""

from torch import Tensor

__all__ = ["detail_loss", "gain", "psnr"]

HURT = 3e-5  # mean squared error from which a picture counts as damaged


def detail_loss(result: Tensor, clean: Tensor) -> Tensor:
    """Mean absolute error, plus that of the differences between neighbours, which blur would leave."""
    plain = (result - clean).abs().mean()
    across = (result.diff(dim=3) - clean.diff(dim=3)).abs().mean()
    down = (result.diff(dim=2) - clean.diff(dim=2)).abs().mean()
    return plain + 0.5 * (across + down)


def psnr(result: Tensor, clean: Tensor) -> float:
    """Mean over the batch of the peak signal-to-noise ratio, dB."""
    error = (result.detach().float().clamp(0, 1) - clean).square().mean((1, 2, 3)).clamp(min=1e-6)
    return float((-10 * error.log10()).mean())


def gain(result: Tensor, damaged: Tensor, clean: Tensor) -> float:
    """Mean gain in dB over the samples that were damaged at all."""
    hurt = (damaged - clean).square().mean((1, 2, 3)) > HURT
    if not hurt.any():
        return 0.0
    return psnr(result[hurt], clean[hurt]) - psnr(damaged[hurt], clean[hurt])
