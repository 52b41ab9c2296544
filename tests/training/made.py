"""Pictures for training, made by hand: their faces are only places, no detector is asked."""

import numpy as np
import torch
import torch.nn.functional as F

from f2s_ray.media.geometry import TEMPLATE
from f2s_ray.training.pictures import Pictures, SharpFace


def frame(height, width, seed):
    """A soft colourful texture, uint8."""
    coarse = torch.rand(1, 3, height // 6, width // 6, generator=torch.Generator().manual_seed(seed))
    rgb = F.interpolate(coarse, size=(height, width), mode="bicubic").clamp(0, 1)[0]
    return (rgb.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()


def face(picture, left, top, side, person):
    return SharpFace(picture, TEMPLATE * side + np.array([left, top]), float(side), person)


def textured():
    """Three pictures; one person in two of them, another in the first, nobody in the last."""
    frames = (frame(200, 260, 0), frame(180, 170, 1), frame(160, 160, 2))
    return Pictures(frames, (face(0, 20, 30, 120, 0), face(0, 150, 60, 90, 1), face(1, 30, 20, 130, 0)))


def flat():
    """Grey all over: whatever differs from it is damage."""
    return Pictures((np.full((200, 220, 3), 128, np.uint8),), (face(0, 40, 40, 120, 0),))
