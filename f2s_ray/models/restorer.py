"""Picture and condition tokens to restored picture, in one step: the trunk that the face and the scene restorer share.

The latent step is residual (as in PiSA-SR): ``z_H = z_L - u(z_L, tokens)``; the codec decodes the *change*, with a full-detail
skip beside it, so an undamaged picture comes out as it went in and the codec caps nothing. Tokens reach the UNet by cross-attention;
their mean, the summary, scales and shifts the channels of every block of UNet and codec: cross-attention alone was ignored in training.
"""

from collections.abc import Callable
from typing import cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

__all__ = ["STRIDE", "Codec", "Hint", "OneStepRestorer", "TrunkConfig"]

STRIDE = 16  # the codec's 4 times the UNet's 4
Hint = Callable[[Tensor], Tensor]


class TrunkConfig(BaseModel):
    """Widths of codec and UNet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    codec_width: int = 32
    latent_width: int = 48
    widths: tuple[int, int, int] = (48, 96, 192)
    heads: tuple[int, int, int] = (2, 3, 6)
    token_width: int = 256


class ConvBlock(nn.Module):
    """Two 3x3 convolutions around a SiLU, added to the input; no norm, so the energy of noise stays readable.

    In between, the summary of the condition scales and shifts every channel; before training it does nothing.
    """

    def __init__(self, width: int, token_width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.steer = nn.Linear(token_width, 2 * width)
        nn.init.zeros_(self.steer.weight)
        nn.init.zeros_(self.steer.bias)

    def forward(self, x: Float[Tensor, "b c h w"], summary: Float[Tensor, "b d"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        scale, shift = self.steer(summary)[..., None, None].chunk(2, 1)
        return x + self.second(F.silu(self.first(x) * (1 + scale) + shift))


class Codec(nn.Module):
    """Pictures to latents at a quarter of the side with a skip at half the side, and the latent's change back to a picture's change."""

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__()
        width = config.codec_width
        self.stem = nn.Conv2d(12, width, 3, padding=1)
        self.down = ConvBlock(width, config.token_width)
        self.to_latent = nn.Conv2d(4 * width, config.latent_width, 1)
        self.from_latent = nn.Conv2d(config.latent_width, 4 * width, 1)
        self.join = nn.Conv2d(2 * width, width, 3, padding=1)
        self.up = nn.ModuleList(ConvBlock(width, config.token_width) for _ in range(2))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # without norm layers the default init would let the signal fade
                nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        self.to_change = nn.Conv2d(width, 12, 3, padding=1)
        nn.init.zeros_(self.to_change.weight)
        nn.init.zeros_(self.to_change.bias)  # type: ignore[arg-type]

    def encode(
        self, x: Float[Tensor, "b 3 h w"], summary: Float[Tensor, "b d"]
    ) -> tuple[Float[Tensor, "b l h/4 w/4"], Float[Tensor, "b c h/2 w/2"]]:
        """Latent and skip."""
        skip = self.down(self.stem(F.pixel_unshuffle(4 * (x - 0.5), 2)), summary)
        return self.to_latent(F.pixel_unshuffle(skip, 2)), skip

    def decode(
        self,
        change: Float[Tensor, "b l h/4 w/4"],
        skip: Float[Tensor, "b c h/2 w/2"],
        summary: Float[Tensor, "b d"],
        hint: Hint | None,
    ) -> Float[Tensor, "b 3 h w"]:
        """The change of the picture; zero before training."""
        x = self.join(torch.cat([F.pixel_shuffle(self.from_latent(change), 2), skip], 1))
        if hint is not None:
            x = x + hint(x)
        for block in self.up:
            x = block(x, summary)
        return F.pixel_shuffle(self.to_change(F.silu(x)), 2)


class OneStepRestorer(nn.Module):
    """Codec around one call of diffusers' conditional UNet at t = 1."""

    def __init__(self, config: TrunkConfig) -> None:
        from diffusers import UNet2DConditionModel  # takes seconds, and most processes restore nothing

        super().__init__()
        self.codec = Codec(config)
        unet = UNet2DConditionModel(
            in_channels=config.latent_width,
            out_channels=config.latent_width,
            block_out_channels=config.widths,
            layers_per_block=1,
            attention_head_dim=config.heads,  # diffusers' name; it is the number of heads
            cross_attention_dim=config.token_width,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            norm_num_groups=16,
            use_linear_projection=True,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=config.token_width,
            resnet_time_scale_shift="scale_shift",
        )
        self.unet = cast(nn.Module, unet)  # diffusers' mixins hide from the type checker that it is one

    def forward(
        self,
        x: Float[Tensor, "b 3 h w"],
        tokens: Float[Tensor, "b n d"],
        token_mask: Float[Tensor, "b n"] | None = None,
        hint: Hint | None = None,
    ) -> Float[Tensor, "b 3 h w"]:
        """Restored picture, not clamped. h and w are multiples of 16; ``token_mask`` is 1 where a token counts.

        ``hint`` says of the decoder's features [b, c, h/2, w/2] what is known from elsewhere; that is added to them.
        """
        summary = _mean(tokens, token_mask)
        latent, skip = self.codec.encode(x, summary)
        step = torch.ones(x.shape[0], device=x.device)
        change = self.unet(latent, step, tokens, class_labels=summary, encoder_attention_mask=token_mask).sample
        return x + self.codec.decode(-change, skip, summary, hint)


def _mean(tokens: Float[Tensor, "b n d"], mask: Float[Tensor, "b n"] | None) -> Float[Tensor, "b d"]:
    """Mean of the tokens that count."""
    if mask is None:
        return tokens.mean(1)
    return (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
