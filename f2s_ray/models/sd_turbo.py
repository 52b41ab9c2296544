"""A diffusers folder to SD-Turbo's networks, the numbers of its one step, and the states of prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from jaxtyping import Float
from torch import Tensor

from f2s_ray.errors import JobError
from f2s_ray.models.full_base import needed

__all__ = ["LAST_STEP", "SdTurbo", "load_networks", "one_step", "text_states"]

LAST_STEP = 999  # what one step with trailing spacing begins at


@dataclass(frozen=True)
class SdTurbo:
    """UNet and VAE in float32, and how much signal and noise a latent at the last step is taken to hold."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    signal: float
    noise: float


def load_networks(folder: Path) -> SdTurbo:
    """The networks of a folder that ``base_folder`` gave.

    Raises: JobError when a part is broken, lacks weights or belongs to a model that predicts something else than the noise.
    """
    unet, vae = (_load(kind, folder / name) for kind, name in ((UNet2DConditionModel, "unet"), (AutoencoderKL, "vae")))
    scheduler = _scheduler(folder / "scheduler")
    if scheduler.config.prediction_type != "epsilon" or unet.config.in_channels != vae.config.latent_channels:
        raise JobError(
            f"{folder} is not SD-Turbo: it predicts {scheduler.config.prediction_type!r} from "
            f"{unet.config.in_channels} channels; give SD-Turbo, or a model of its shape"
        )
    return SdTurbo(unet, vae, *one_step(scheduler))


def one_step(scheduler: DDPMScheduler) -> tuple[float, float]:
    """Signal and noise at the last step; ``clean = (latent - noise * predicted) / signal`` is then the scheduler's one step."""
    share = scheduler.alphas_cumprod[LAST_STEP]
    return float(share**0.5), float((1 - share) ** 0.5)


@torch.no_grad()
def text_states(folder: Path, prompts: Sequence[str]) -> Float[Tensor, "k 77 d"]:
    """What SD-Turbo's CLIP makes of prompts, in float32; it is loaded for this and dropped.

    Raises: JobError when a part is broken, or transformers is not installed.
    """
    transformers = needed("transformers")
    try:
        tokenizer = transformers.CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    except Exception as error:  # the reader of vocabularies raises bare exceptions
        raise JobError(f"{folder / 'tokenizer'} cannot be read ({error}); copy it again") from error
    encoder = _load(transformers.CLIPTextModel, folder / "text_encoder")
    length = encoder.config.max_position_embeddings
    words = tokenizer(list(prompts), padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    return encoder.eval()(words.input_ids).last_hidden_state


def _scheduler(folder: Path) -> DDPMScheduler:
    try:
        return DDPMScheduler.from_pretrained(folder, local_files_only=True)
    except (OSError, TypeError, ValueError) as error:
        raise JobError(f"{folder} cannot be read ({error}); copy it again") from error


def _load(kind: Any, folder: Path) -> Any:  # noqa: ANN401 - classes of two untyped libraries
    """One part, every weight of it found in the file."""
    words = {"torch_dtype": torch.float32, "use_safetensors": True, "local_files_only": True}
    try:
        network, found = kind.from_pretrained(folder, output_loading_info=True, **words)
    except Exception as error:  # broken JSON, broken safetensors, wrong shapes: each with a class of its own
        raise JobError(f"{folder} cannot be loaded ({error}); copy it again") from error
    if lacking := [*found["missing_keys"], *found["mismatched_keys"]]:
        raise JobError(f"{folder} lacks {len(lacking)} weights, {lacking[0]} among them; copy it again")
    return network
