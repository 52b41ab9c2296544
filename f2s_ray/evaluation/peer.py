"""A picture to what Real-ESRGAN x4plus makes of it, brought back to its size.

Source: the network is RRDBNet of Wang et al. 2021 (Real-ESRGAN, BSD-3); it is written out here, since the packages that hold it ask for
torchvision.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from f2s_catalog.ids import digest, file_digest
from jaxtyping import Float
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from f2s_ray.errors import ConfigError
from f2s_ray.evaluation.pictures import stored, to_tensor

__all__ = ["Peer", "RRDBNet"]

WIDTH, GROWTH, BLOCKS, SCALE = 64, 32, 23, 4


class Dense(nn.Module):
    """Five convolutions, each of which sees all before it."""

    def __init__(self) -> None:
        super().__init__()
        for index in range(5):
            self.add_module(
                f"conv{index + 1}", nn.Conv2d(WIDTH + index * GROWTH, GROWTH if index < 4 else WIDTH, 3, padding=1)
            )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        seen = [x]
        for index, layer in enumerate(self.children()):
            new = layer(torch.cat(seen, 1))
            seen.append(F.leaky_relu(new, 0.2) if index < 4 else new)
        return seen[-1] * 0.2 + x


class Block(nn.Module):
    """Three dense blocks around one another's residual."""

    def __init__(self) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = Dense(), Dense(), Dense()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Same shape out."""
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    """The generator, with the names of its published weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_first = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.body = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1) for _ in range(4)
        )
        self.conv_last = nn.Conv2d(WIDTH, 3, 3, padding=1)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 4*h 4*w"]:
        """Four times the side, not clamped."""
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for up in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(up(F.interpolate(x, scale_factor=2)), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


class Peer:
    """Real-ESRGAN on pictures of a few hundred pixels; slow on a CPU, so each result is kept."""

    def __init__(self, weights: Path, kept: Path) -> None:
        """Load the network.

        Raises: ConfigError when the file is not a safetensors state dict of it.
        """
        self._kept = kept
        self._net = RRDBNet()
        try:
            self._net.load_state_dict(load_file(weights))
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"--peer {weights} is no safetensors file of Real-ESRGAN x4plus: {reason}") from error
        self._net.eval().requires_grad_(False)
        self.digest = file_digest(weights)[:12]

    @torch.inference_mode()
    def __call__(self, rgb: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
        """The picture at its own size: the enlarged one, averaged down over each 4x4 block."""
        name = digest(self.digest, list(rgb.shape), stored(rgb).tobytes().hex())
        file = self._kept / f"{name}.png"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            result = F.avg_pool2d(self._net(rgb[None]).clamp(0, 1), SCALE)[0]
            aside = file.with_suffix(".writing")
            Image.fromarray(stored(result)).save(aside, format="PNG")
            aside.replace(file)
        with Image.open(file) as kept:
            return to_tensor(np.asarray(kept.convert("RGB")))
