"""SD-Turbo's shape at small widths, made with diffusers' and transformers' own classes and saved as their folder."""

import string

import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from f2s_ray.models import networks
from f2s_ray.models.full_scene import FullSceneConfig, fresh, save
from f2s_ray.models.mapnet import MapNet, MapNetConfig
from tests.models.tiny import CONFIGS, made

WIDTH = 32
CONFIG = FullSceneConfig(unet_rank=4, encoder_rank=2)


def save_turbo(folder, *, prediction_type="epsilon", width=WIDTH):
    """A diffusers folder: UNet, VAE, CLIP with a vocabulary of letters, scheduler; random and the same in each run."""
    letters = [*string.ascii_lowercase, ",", "."]
    vocabulary = {word: i for i, word in enumerate([*letters, *(letter + "</w>" for letter in letters)])}
    vocabulary |= {"<|startoftext|>": len(vocabulary), "<|endoftext|>": len(vocabulary) + 1}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        unet = UNet2DConditionModel(
            block_out_channels=(8, 16, 16, 16),
            layers_per_block=1,
            attention_head_dim=(1, 2, 2, 2),
            cross_attention_dim=width,
            norm_num_groups=4,
            use_linear_projection=True,
        )
        vae = AutoencoderKL(
            block_out_channels=(8, 16, 16, 16),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            latent_channels=4,
            norm_num_groups=4,
        )
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=width,
                intermediate_size=width,
                num_hidden_layers=1,
                num_attention_heads=2,
                bos_token_id=len(vocabulary) - 2,
                eos_token_id=len(vocabulary) - 1,
                pad_token_id=len(vocabulary) - 1,
            )
        )
    parts = {
        "unet": unet,
        "vae": vae,
        "text_encoder": text,
        "tokenizer": CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77),
        "scheduler": DDPMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            prediction_type=prediction_type,
            timestep_spacing="trailing",
        ),
    }
    for name, part in parts.items():
        part.save_pretrained(folder / name)


def train(restorer):
    """As if adapters had been trained: LoRA gets an effect, the same in each run."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for name, parameter in restorer.trainable().items():
            if "lora_" in name:
                nn.init.normal_(parameter, std=0.1)
    return restorer


def save_full(folder, base):
    """The four files that the full size wants besides its base."""
    mapnet = MapNetConfig(map_width=40, width=16, token_width=WIDTH)
    for kind in ("reference_restorer", "fadex"):
        networks.save(kind, CONFIGS[kind], made(kind), folder / f"{kind}.safetensors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks.save("mapnet", mapnet, MapNet(mapnet), folder / "mapnet.safetensors")
    save(CONFIG, train(fresh(CONFIG, base)), folder)
