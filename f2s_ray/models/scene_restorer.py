"""Degraded picture and 21 tokens to restored picture."""

import torch
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.restorer import STRIDE, OneStepRestorer, TrunkConfig

__all__ = ["SceneConfig", "SceneRestorer"]

PROMPT_TOKENS = 8


class SceneConfig(BaseModel):
    """The trunk."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    trunk: TrunkConfig = TrunkConfig()


class SceneRestorer(nn.Module):
    """The trunk, looking at a learned prompt and at the 21 tokens of the damage."""

    stride = STRIDE

    def __init__(self, config: SceneConfig) -> None:
        super().__init__()
        self.trunk = OneStepRestorer(config.trunk)
        self.prompt = nn.Parameter(0.02 * torch.randn(1, PROMPT_TOKENS, config.trunk.token_width))
        self.null = nn.Parameter(0.02 * torch.randn(1, TOKENS, config.trunk.token_width))

    def forward(
        self, picture: Float[Tensor, "b 3 h w"], tokens: Float[Tensor, "b 21 d"] | None
    ) -> Float[Tensor, "b 3 h w"]:
        """Restored picture, not clamped; ``None`` is blind: the learned null tokens. h and w are multiples of 16."""
        count = picture.shape[0]
        damage = self.null.expand(count, -1, -1) if tokens is None else tokens
        return self.trunk(picture, torch.cat([self.prompt.expand(count, -1, -1), damage], 1))
