"""Degraded picture and 21 tokens to restored picture with SD-Turbo: the full size of the scene restorer.

Source: Face2Scene (CVPR 2026), stage II; S3Diff (one step from the picture's own latent at t = 999, LoRA 32 and 16).
Ours: the posterior's mode and no noise, so it is deterministic; the negative branch sees the same tokens, so guidance
acts on quality alone.
The prompts' states travel with the adapters: CLIP is needed once, when adapters are made.
"""

from functools import cache
from pathlib import Path
from typing import cast

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from jaxtyping import Bool, Float
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from f2s_ray.errors import JobError
from f2s_ray.models import networks
from f2s_ray.models.full_base import ADAPTERS, needed
from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.sd_turbo import LAST_STEP, SdTurbo, load_networks, text_states

__all__ = ["FullSceneConfig", "FullSceneRestorer", "fresh", "load", "save"]

UNET_LAYERS = [
    *("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"),
    *("conv", "conv1", "conv2", "conv_shortcut", "conv_out"),
]
ENCODER_LAYERS = r"encoder\.(.*\.)?(conv|conv1|conv2|conv_in|conv_out|conv_shortcut|to_q|to_k|to_v|to_out\.0)"


class FullSceneConfig(BaseModel):
    """Ranks of the adapters, strength of guidance, and the two prompts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    unet_rank: int = Field(32, ge=1)
    encoder_rank: int = Field(16, ge=1)
    guidance: float = Field(1.10, ge=1, le=2)
    positive: str = (
        "a clear, high resolution photograph, sharply focused, realistic, natural texture, rich in fine detail"
    )
    negative: str = (
        "blurred, noisy, dirty, low quality, compression artifacts, oversmoothed, painting, cartoon, deformed"
    )


class FullSceneRestorer(nn.Module):
    """SD-Turbo with adapters; what trains is LoRA of UNet and VAE encoder, ``conv_in`` and the null tokens."""

    stride = 64  # the VAE's 8 times the UNet's 8

    def __init__(self, config: FullSceneConfig, base: SdTurbo, text: Float[Tensor, "2 n d"]) -> None:
        """A base becomes part of the restorer and is changed; ``text`` holds the states of both prompts.

        Before training LoRA changes nothing, and the null tokens are states of the positive prompt's padding.
        """
        super().__init__()
        for part in (base.unet, base.vae):
            part.requires_grad_(False)
        _add_adapters(base.unet, config.unet_rank, UNET_LAYERS)
        _add_adapters(base.vae, config.encoder_rank, ENCODER_LAYERS)
        base.unet.conv_in.requires_grad_(True)
        self.unet = cast(nn.Module, base.unet)  # diffusers' mixins hide from the type checker that they are modules
        self.vae = cast(nn.Module, base.vae)
        self.null = nn.Parameter(text[:1, -TOKENS:].clone())
        self.register_buffer("text", text.clone())
        self._guidance, self._signal, self._noise = config.guidance, base.signal, base.noise
        self._scale: float = base.vae.config.scaling_factor

    def forward(
        self, picture: Float[Tensor, "b 3 h w"], tokens: Float[Tensor, "b n d"] | None
    ) -> Float[Tensor, "b 3 h w"]:
        """Restored picture, not clamped; ``None`` is blind: the learned null tokens. h and w are multiples of 64."""
        damage = self._damage(tokens, picture.shape[0])
        latent = self._encode(picture)
        if self._guidance == 1:
            predicted = self._predict(latent, self._words(0, damage))
        else:
            words = torch.cat([self._words(0, damage), self._words(1, damage)])
            wanted, unwanted = self._predict(latent.repeat(2, 1, 1, 1), words).chunk(2)
            predicted = unwanted + self._guidance * (wanted - unwanted)
        return self._decode(latent, predicted).to(picture)

    def unguided(
        self, picture: Float[Tensor, "b 3 h w"], tokens: Float[Tensor, "b n d"] | None, negative: Bool[Tensor, " b"]
    ) -> Float[Tensor, "b 3 h w"]:
        """One branch, for training: samples marked ``negative`` see the negative prompt (S3Diff's online negative prompting)."""
        damage = self._damage(tokens, picture.shape[0])
        words = torch.where(negative[:, None, None], self._words(1, damage), self._words(0, damage))
        latent = self._encode(picture)
        return self._decode(latent, self._predict(latent, words)).to(picture)

    def trainable(self) -> dict[str, nn.Parameter]:
        """What training may change, by name; with the prompts' states it is all that a file of adapters holds."""
        return {name: parameter for name, parameter in self.named_parameters() if parameter.requires_grad}

    def merge(self) -> None:
        """Put LoRA into the weights: the same pictures, with nothing more to compute than SD-Turbo. No way back."""
        for part in (self.unet, self.vae):
            part.fuse_lora()  # type: ignore[operator]
            part.unload_lora()  # type: ignore[operator]

    def _damage(self, tokens: Tensor | None, count: int) -> Tensor:
        return self.null.expand(count, -1, -1) if tokens is None else tokens.to(self.null)

    def _words(self, prompt: int, damage: Tensor) -> Tensor:
        states = cast(Tensor, self.text)[prompt].to(self.null)
        return torch.cat([states.expand(damage.shape[0], -1, -1), damage], 1)

    def _encode(self, picture: Tensor) -> Float[Tensor, "b 4 h/8 w/8"]:
        pixels = (2 * picture - 1).to(self.null).contiguous(memory_format=torch.channels_last)
        return self.vae.encode(pixels).latent_dist.mode() * self._scale  # type: ignore[operator]

    def _predict(self, latent: Tensor, words: Tensor) -> Tensor:
        step = torch.full((latent.shape[0],), LAST_STEP, device=latent.device)
        return self.unet(latent, step, words).sample

    def _decode(self, latent: Tensor, predicted: Tensor) -> Tensor:
        """The step divides by 0.068, so it is taken in float32."""
        clean = (latent.float() - self._noise * predicted.float()) / self._signal
        return self.vae.decode((clean / self._scale).to(self.null)).sample.float() / 2 + 0.5  # type: ignore[operator]


def fresh(config: FullSceneConfig, folder: Path) -> FullSceneRestorer:
    """Untrained adapters on the base in ``folder``, from ``base_folder(word, with_text=True)``.

    Raises: JobError when a part of the base is broken.
    """
    return FullSceneRestorer(config, load_networks(folder), text_states(folder, [config.positive, config.negative]))


def save(config: FullSceneConfig, restorer: FullSceneRestorer, folder: Path) -> Path:
    """Write the adapters, null tokens, ``conv_in`` and the prompts' states as ``scene_adapters.safetensors``."""
    path = folder / f"{ADAPTERS}.safetensors"
    networks.write(ADAPTERS, config, {**restorer.trainable(), "text": cast(Tensor, restorer.text)}, path)
    return path


@cache
def load(folder: Path | None, base: Path, device: str) -> FullSceneRestorer:
    """The adapters in ``folder`` merged into the base, frozen; float32 on a processor, bfloat16 elsewhere.

    Raises: JobError when the adapters are missing, are something else, or were made for a base of another shape.
    """
    path = networks.existing(ADAPTERS, folder)
    config, tensors = networks.read(ADAPTERS, FullSceneConfig, path)
    parts = load_networks(base)
    trouble = f"{path} does not fit {base}; give the base that the adapters were trained on"
    if "text" not in tensors or tensors["text"].shape[-1] != parts.unet.config.cross_attention_dim:
        raise JobError(trouble)
    restorer = FullSceneRestorer(config, parts, tensors["text"])
    try:
        left_out = restorer.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise JobError(trouble) from error
    if left_out.unexpected_keys or set(left_out.missing_keys) & restorer.trainable().keys():
        raise JobError(trouble)
    restorer.merge()
    restorer.to(device, torch.float32 if device == "cpu" else torch.bfloat16)
    return restorer.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload]


def _add_adapters(part: UNet2DConditionModel | AutoencoderKL, rank: int, layers: list[str] | str) -> None:
    """LoRA with alpha = rank whose second half is zero."""
    part.add_adapter(needed("peft").LoraConfig(r=rank, lora_alpha=rank, target_modules=layers))
