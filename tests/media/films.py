"""Frames of made films: textures seen through a window that may move."""

import cv2
import numpy as np

HEIGHT, WIDTH = 90, 120


def texture(seed, height=200, width=500):
    """A picture of coarse and fine blobs in colour, float32 in 0..1; two seeds have nothing in common."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.GaussianBlur(rng.normal(size=(height, width, 3)).astype(np.float32), (0, 0), sigma) * sigma
        for sigma in (2, 5, 14)
    ]
    picture = sum(layers)
    return np.clip(0.5 + 0.2 * picture / picture.std(), 0, 1)


def window(picture, x=0, y=0):
    return picture[y : y + HEIGHT, x : x + WIDTH]


def still(seed, count):
    return [window(texture(seed))] * count


def pixels(frames, noise=0.004, seed=0):
    """8 bits, with fresh noise in each frame."""
    rng = np.random.default_rng(seed)
    return [
        (np.clip(frame + rng.normal(0, noise, frame.shape), 0, 1) * 255).round().astype(np.uint8) for frame in frames
    ]


def faded(frames, levels):
    return [frame * level for frame, level in zip(frames, levels, strict=True)]


def dissolved(old, new, count):
    shares = (np.arange(count) + 1) / (count + 1)
    return [old * (1 - share) + new * share for share in shares]


def black(count):
    return [np.zeros((HEIGHT, WIDTH, 3), np.float32)] * count
