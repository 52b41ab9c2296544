"""MapNet: FaDeX's map to 21 tokens, in two halves: ``pool`` (what faces may average) and ``project`` (to the restorer's width).

Source: Face2Scene (CVPR 2026), section on MapNet; attention as in Differential Transformer (Ye et al. 2024): two softmax maps, subtracted.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

__all__ = ["TOKENS", "MapNet", "MapNetConfig"]

GRIDS = (4, 2, 1)
TOKENS = sum(side * side for side in GRIDS)


class MapNetConfig(BaseModel):
    """Width of the map that comes in, of the attention, and of the tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    map_width: int = 152
    width: int = 128
    token_width: int = 256


class DegAttention(nn.Module):
    """(A1 - lambda A2) V with a learned lambda, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.share = nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Float[Tensor, "f n c"]) -> Float[Tensor, "f n c"]:
        """Same shape out."""
        query, key, value = self.qkv(x).chunk(3, -1)
        (query_1, query_2), (key_1, key_2) = query.chunk(2, -1), key.chunk(2, -1)
        scale = query_1.shape[-1] ** -0.5
        attention = F.softmax(query_1 @ key_1.transpose(1, 2) * scale, -1)
        common = F.softmax(query_2 @ key_2.transpose(1, 2) * scale, -1)
        return x + self.out((attention - self.share * common) @ value)


class MapNet(nn.Module):
    """Overlapping patches, differential attention, grids of 4x4, 2x2 and 1x1, one shared projector."""

    def __init__(self, config: MapNetConfig) -> None:
        super().__init__()
        self.token_width = config.token_width
        self.patches = nn.Conv2d(config.map_width, config.width, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(config.width)
        self.attention = DegAttention(config.width)
        self.scale = nn.Parameter(0.02 * torch.randn(len(GRIDS), config.width))
        self.projector = nn.Sequential(
            nn.Linear(config.width, config.token_width),
            nn.GELU(),
            nn.Linear(config.token_width, config.token_width),
            nn.LayerNorm(config.token_width),
        )

    def pool(self, features: Float[Tensor, "f c h w"]) -> Float[Tensor, "f 21 k"]:
        """Grid means of the attended map: 16 rows for 4x4 (row by row), 4 for 2x2, 1 for all."""
        patches = self.patches(features)
        height, width = patches.shape[-2:]
        attended = self.attention(self.norm(patches.flatten(2).transpose(1, 2)))
        field = attended.transpose(1, 2).unflatten(2, (height, width))
        return torch.cat([F.adaptive_avg_pool2d(field, side).flatten(2) for side in GRIDS], 2).transpose(1, 2)

    def project(self, pooled: Float[Tensor, "b 21 k"]) -> Float[Tensor, "b 21 d"]:
        """Tokens of the restorer's width."""
        scale = torch.cat([self.scale[i].expand(side * side, -1) for i, side in enumerate(GRIDS)])
        return self.projector(pooled + scale)
