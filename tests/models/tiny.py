"""The four networks at small widths, seeded."""

import torch
from torch import nn

from f2s_ray.models import networks
from f2s_ray.models.fadex import FadexConfig
from f2s_ray.models.mapnet import MapNetConfig
from f2s_ray.models.reference_restorer import AlignedHint, ReferenceConfig
from f2s_ray.models.restorer import Codec, TrunkConfig
from f2s_ray.models.scene_restorer import SceneConfig

TRUNK = TrunkConfig(codec_width=8, latent_width=16, widths=(16, 32, 32), heads=(1, 2, 2), token_width=32)
CONFIGS = {
    "reference_restorer": ReferenceConfig(trunk=TRUNK, encoder_widths=(8, 16, 16), hint_width=8),
    "fadex": FadexConfig(width=16, signature=16),
    "mapnet": MapNetConfig(map_width=40, width=16, token_width=32),
    "scene_restorer": SceneConfig(trunk=TRUNK),
}


def made(kind, *, trained=True, seed=0):
    """A frozen network; ``trained`` gives the zero-initialised outputs an effect of a few hundredths."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = networks.KINDS[kind][1](CONFIGS[kind])
        for module in network.modules():
            if trained and isinstance(module, Codec):
                nn.init.normal_(module.to_change.weight, std=0.01)
            if trained and isinstance(module, AlignedHint):
                nn.init.normal_(module.out.weight, std=0.5)
    return network.eval().requires_grad_(False)


def save_all(folder, *, trained=True):
    for kind, config in CONFIGS.items():
        networks.save(kind, config, made(kind, trained=trained), folder / f"{kind}.safetensors")
