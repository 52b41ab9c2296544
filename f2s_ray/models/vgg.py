"""Two pictures to a perceptual distance: features of a VGG16 that was tuned for edges (HED). It is not LPIPS and is not called so.

Source: the form of the distance is that of Zhang et al. 2018 (LPIPS, eq. 1) without learned weights; the network is Xie & Tu 2015 (HED).
"""

from collections.abc import Sequence
from itertools import pairwise

import h5py
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from f2s_ray.models import weights

__all__ = ["VggDistance", "apart"]

BLOCKS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512, 512, 512, 512))
MEAN_BGR = (104.00699, 116.66877, 122.67892)  # of the pictures it was trained on, 0..255


class VggDistance(nn.Module):
    """Squared distance between channel-normalised features at the end of each block, averaged over places and blocks."""

    mean: Tensor

    def __init__(self, blocks: int = 5) -> None:
        """Read the first ``blocks`` blocks. Raises: JobError when the weights are not there."""
        super().__init__()
        self.blocks = nn.ModuleList()
        with h5py.File(weights.path(weights.VGG)) as stored:
            for index, widths in enumerate(BLOCKS[:blocks], start=1):
                layers: list[nn.Module] = []
                for place, (before, after) in enumerate(pairwise(widths)):
                    values = stored[f"block{index}/layers/conv2d{f'_{place}' * bool(place)}/vars"]
                    layer = nn.Conv2d(before, after, 3, padding=1)
                    kernel = torch.from_numpy(values["0"][:]).permute(3, 2, 0, 1)
                    layer.load_state_dict({"weight": kernel, "bias": torch.from_numpy(values["1"][:])})
                    layers += [layer, nn.ReLU()]
                self.blocks.append(nn.Sequential(*layers))
        self.register_buffer("mean", torch.tensor(MEAN_BGR)[:, None, None] / 255)
        self.requires_grad_(False)

    def features(self, x: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """The end of every block, unit length across channels; h and w of at least 16."""
        x = 255 * (x.flip(1) - self.mean)
        found = []
        for index, block in enumerate(self.blocks):
            x = F.max_pool2d(x, 2, ceil_mode=True) if index else x
            x = block(x)
            found.append(x / (x.square().sum(1, keepdim=True) + 1e-6).sqrt())
        return found

    def forward(self, x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, " b"]:
        """0 for equal pictures, at most 2; pictures in 0..1. Differentiable in ``x`` and ``y``."""
        return apart(self.features(x), self.features(y))


def apart(a: Sequence[Tensor], b: Sequence[Tensor]) -> Float[Tensor, " b"]:
    """The distance of two pictures' features: what is compared often is looked at once."""
    blocks = [(x - y).float().square().sum(1).mean((1, 2)) for x, y in zip(a, b, strict=True)]
    return torch.stack(blocks).mean(0)
