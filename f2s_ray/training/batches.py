"""Pictures to batches: clean and damaged faces with references, pairs of one operator, scenes with the face of the same picture."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from f2s_ray.media.degrade import CLEAN, Operator, apply, draw_operator
from f2s_ray.media.geometry import align_matrix, native_side, paste_back, warp
from f2s_ray.media.jpeg_round_trip import BLOCK
from f2s_ray.media.tone import keep_tone
from f2s_ray.models.face2scene import MIN_SIDE
from f2s_ray.models.fadex import VALUES
from f2s_ray.models.reference_restorer import REFERENCE_PX
from f2s_ray.models.restorer import STRIDE
from f2s_ray.models.windows import PAIR_PX, continued
from f2s_ray.training.pictures import Pictures, SharpFace

__all__ = [
    "Draw",
    "FaceBatch",
    "PairBatch",
    "Restoring",
    "SceneBatch",
    "face_batch",
    "pair_batch",
    "scene_batch",
    "value_targets",
]

ALL_RESTORED = 0.3  # of the restored halves show the restorer's work as it is
CLEAN_SHARE = 0.08
MARGIN_PX = 24
FACE_PX = (64.0, 360.0)
CPU = torch.device("cpu")
REFERENCES = 3


@dataclass(frozen=True)
class FaceBatch:
    """Aligned faces: damaged, clean, and references [b, k, 3, 128, 128] with their mask."""

    damaged: Tensor
    clean: Tensor
    references: Tensor
    reference_mask: Tensor


@dataclass(frozen=True)
class PairBatch:
    """Windows [n, 3, 128, 128] of faces in picture coordinates, the group (operator) of each, and the operator's values.

    ``other`` is the other half: the true face, or a restored one.
    """

    damaged: Tensor
    other: Tensor
    groups: Tensor
    values: Tensor


@dataclass(frozen=True)
class SceneBatch:
    """Patches, and for each the face window of the same picture under the same operator (mask 0 where it has no face)."""

    damaged: Tensor
    clean: Tensor
    face_damaged: Tensor
    face_other: Tensor
    has_face: Tensor


class Draw:
    """All chance of one batch, from one seed; pictures are damaged on ``device``, whose generator draws the noise."""

    def __init__(self, seed: int, device: torch.device = CPU) -> None:
        self.device = device
        self.generator = torch.Generator().manual_seed(seed)
        self.noise = torch.Generator(device).manual_seed(seed + 1)

    def unit(self) -> float:
        """Uniform in [0, 1)."""
        return float(torch.rand((), generator=self.generator))

    def within(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.unit()

    def integer(self, stop: int) -> int:
        """Uniform in 0 .. stop - 1."""
        return int(torch.randint(stop, (), generator=self.generator))

    def operator(self, strong: float = 0.0) -> Operator:
        """Any damage, or none; a share of them strong."""
        kind = self.unit()
        if kind < CLEAN_SHARE:
            return CLEAN
        return draw_operator(self.generator, "strong" if kind > 1 - strong else "any")


def value_targets(operator: Operator) -> Float[Tensor, " 4"]:
    """What FaDeX's value head should say, on the scales of ``VALUES``."""
    truth = (operator.blur_sigma_px, operator.noise_sigma, operator.jpeg_quality, operator.downscale - 1)
    return torch.tensor([value / scale for value, (_, scale) in zip(truth, VALUES, strict=True)])


def _region(pictures: Pictures, face: SharpFace, side: float, draw: Draw) -> tuple[Tensor, np.ndarray]:
    """The picture around a face, resized so that its aligned square has about ``side`` pixels; and the landmarks in it."""
    frame = pictures.rgb(face.picture).to(draw.device)
    scale = min(1.25, side / face.side_px)
    centre, reach = face.landmarks.mean(0), 0.75 * face.side_px + MARGIN_PX / scale + 8
    low = np.floor(centre - reach).clip(0).astype(int)
    high = np.ceil(centre + reach).astype(int)
    cut = frame[:, low[1] : high[1], low[0] : high[0]]
    size = [max(16, round(length * scale)) for length in cut.shape[-2:]]
    small = F.interpolate(cut[None], size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)
    stretch = np.array([size[1] / cut.shape[2], size[0] / cut.shape[1]])
    landmarks = (face.landmarks - low + 0.5) * stretch - 0.5
    if draw.unit() < 0.5:
        small = small.flip(2)
        landmarks = np.stack([small.shape[2] - 1 - landmarks[:, 0], landmarks[:, 1]], 1)[[1, 0, 2, 4, 3]]
    return small, landmarks


def _jittered(landmarks: np.ndarray, side: int, amount: float, draw: Draw) -> np.ndarray:
    """The matrix onto the template, with the unrest of a detector or the freedom of another picture."""
    spread = float(np.ptp(landmarks, axis=0).max()) * amount
    noise = torch.randn((5, 2), generator=draw.generator).numpy()
    return align_matrix(landmarks + spread * noise, side)


def _reference(pictures: Pictures, face: SharpFace, draw: Draw) -> Tensor:
    """A sharp aligned view that is not the pixel-true target: moved, turned, relit, sometimes mirrored or partly hidden."""
    region, landmarks = _region(pictures, face, REFERENCE_PX * 1.1, draw)
    out = warp(region, _jittered(landmarks, REFERENCE_PX, draw.within(0.01, 0.05), draw), REFERENCE_PX, REFERENCE_PX)
    gain = torch.tensor([draw.within(0.9, 1.1) for _ in range(3)], device=draw.device)[:, None, None] * draw.within(
        0.85, 1.15
    )
    out = (out.clamp(min=1e-4) ** draw.within(0.85, 1.2)) * gain
    if draw.unit() < 0.2:
        row, column, extent = draw.integer(96), draw.integer(96), 24 + draw.integer(32)
        out[:, row : row + extent, column : column + extent] = draw.unit()
    return out.clamp(0, 1)


def _references(pictures: Pictures, face: SharpFace, draw: Draw) -> list[Tensor]:
    """Up to three: other pictures of the person where there are any, else views of this one; sometimes none or somebody else."""
    if draw.unit() < 0.25:
        return []
    others = [other for other in pictures.faces if other.person == face.person and other.picture != face.picture]
    chosen: list[Tensor] = []
    for _ in range(1 + draw.integer(REFERENCES)):
        source = others[draw.integer(len(others))] if others and draw.unit() < 0.7 else face
        if draw.unit() < 0.15:
            source = pictures.faces[draw.integer(len(pictures.faces))]
        chosen.append(_reference(pictures, source, draw))
    return chosen


def face_batch(pictures: Pictures, count: int, side: int, draw: Draw, strong: float = 0.0) -> FaceBatch:
    """Faces damaged in picture coordinates and then aligned, as the restorer meets them; a share of them strongly."""
    damaged, clean = [], []
    references = torch.zeros(count, REFERENCES, 3, REFERENCE_PX, REFERENCE_PX, device=draw.device)
    mask = torch.zeros(count, REFERENCES, device=draw.device)
    for row in range(count):
        face = pictures.faces[draw.integer(len(pictures.faces))]
        native = side * (draw.within(0.85, 1.15) if draw.unit() < 0.7 else draw.within(1.0, 1.8))
        region, landmarks = _region(pictures, face, native, draw)
        matrix = _jittered(landmarks, side, 0.015, draw)
        damaged.append(warp(apply(draw.operator(strong), region, draw.noise), matrix, side, side))
        clean.append(warp(region, matrix, side, side))
        for column, reference in enumerate(_references(pictures, face, draw)):
            references[row, column] = reference
            mask[row, column] = 1
    return FaceBatch(torch.stack(damaged), torch.stack(clean), references, mask)


@dataclass(frozen=True)
class Restoring:
    """What makes the other half of a share of the pairs, by the way of the product: the face is aligned, restored alone and laid back.

    Some are moved towards the truth, so FaDeX meets restorers from the one at hand to a perfect one.
    """

    network: nn.Module
    share: float

    def __call__(self, bad: Float[Tensor, "3 h w"], landmarks: np.ndarray, draw: Draw) -> Float[Tensor, "3 h w"]:
        """The damaged picture with its face restored."""
        side = int(max(MIN_SIDE, round(native_side(landmarks) / STRIDE) * STRIDE))
        matrix = _jittered(landmarks, side, 0.015, draw)
        before = warp(bad, matrix, side, side)
        nothing = before.new_zeros(1, 0, 3, REFERENCE_PX, REFERENCE_PX)
        with torch.no_grad():
            after = self.network(before[None], nothing, before.new_zeros(1, 0))[0].float().clamp(0, 1)
        return paste_back(bad, after - before, matrix, torch.ones_like(before[:1]))


def _face_side(draw: Draw) -> float:
    """Sides of faces as archives show them, px: small ones are as frequent as large ones."""
    return FACE_PX[0] * (FACE_PX[1] / FACE_PX[0]) ** draw.unit()


def _window(
    pictures: Pictures, face: SharpFace, operator: Operator, draw: Draw, restoring: Restoring | None
) -> tuple[Tensor, Tensor]:
    """128 px windows on a face, damaged and true (or restored), in picture coordinates, on JPEG's grid; a small one is repeated."""
    native = _face_side(draw)
    region, landmarks = _region(pictures, face, native, draw)
    bad = apply(operator, region, draw.noise)
    length = min(PAIR_PX, int(native * 0.9), *region.shape[-2:]) // BLOCK * BLOCK
    low = landmarks.mean(0) - length / 2 + np.array([draw.within(-6, 6), draw.within(-6, 6)])
    highest = np.array(region.shape[:0:-1]) - length
    left, top = (np.clip(low, 0, highest) / BLOCK).astype(int) * BLOCK
    cut = (slice(None), slice(top, top + length), slice(left, left + length))
    before, other = bad[cut], region[cut]
    if restoring is not None and draw.unit() < restoring.share:
        made = keep_tone(before, restoring(bad, landmarks, draw)[cut])
        other = torch.lerp(made, other, max(0.0, draw.within(-ALL_RESTORED, 1 - ALL_RESTORED)) / (1 - ALL_RESTORED))
    return continued(before), continued(other)


def pair_batch(
    pictures: Pictures, operators: int, faces: int, draw: Draw, restoring: Restoring | None = None
) -> PairBatch:
    """``operators`` groups of ``faces`` different faces each. Every fourth differs from the one before in one value."""
    damaged, other, groups, values = [], [], [], []
    previous = CLEAN
    for group in range(operators):
        operator = _neighbour(previous, draw) if group % 4 == 3 else draw.operator()
        previous = operator
        values += [value_targets(operator)] * faces
        for _ in range(faces):
            face = pictures.faces[draw.integer(len(pictures.faces))]
            window = _window(pictures, face, operator, draw, restoring)
            damaged.append(window[0])
            other.append(window[1])
            groups.append(group)
    return PairBatch(
        torch.stack(damaged),
        torch.stack(other),
        torch.tensor(groups, device=draw.device),
        torch.stack(values).to(draw.device),
    )


def _neighbour(operator: Operator, draw: Draw) -> Operator:
    """The same damage with one value changed: a hard negative."""
    other = draw_operator(draw.generator)
    swaps: list[Callable[[], Operator]] = [
        lambda: Operator(**{**vars(operator), "blur_px": other.blur_px}),
        lambda: Operator(**{**vars(operator), "noise": other.noise}),
        lambda: Operator(**{**vars(operator), "quality": other.quality}),
        lambda: Operator(**{**vars(operator), "shrink": other.shrink}),
    ]
    return swaps[draw.integer(len(swaps))]()


def scene_batch(
    pictures: Pictures, count: int, side: int, draw: Draw, restoring: Restoring | None = None
) -> SceneBatch:
    """Patches of whole pictures; the operator is drawn per picture and shared by patch and face."""
    rows = [_scene(pictures, side, draw, restoring) for _ in range(count)]
    damaged, clean, face_damaged, face_other, has_face = (torch.stack(column) for column in zip(*rows, strict=True))
    return SceneBatch(damaged, clean, face_damaged, face_other, has_face)


def _shrunk_patch(frame: Tensor, side: int, draw: Draw) -> Tensor:
    """A patch of a picture that was shrunk to between half its size and its own, so it is sharper than the camera's pixels are."""
    size = frame.shape[-2:]
    share = min(1.0, max(draw.within(0.5, 1.1), side / min(size)))
    wide = round(side / share)
    top, left = (draw.integer(max(1, length - wide)) for length in size)
    patch = frame[:, top : top + wide, left : left + wide]
    if share == 1:
        return patch
    target = [min(side, round(length * share)) for length in patch.shape[-2:]]
    return F.interpolate(patch[None], size=target, mode="bicubic", antialias=True)[0].clamp(0, 1)


def _scene(
    pictures: Pictures, side: int, draw: Draw, restoring: Restoring | None
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    picture = draw.integer(len(pictures.frames))
    operator = draw.operator()
    region = _shrunk_patch(pictures.rgb(picture).to(draw.device), side + MARGIN_PX, draw)
    if draw.unit() < 0.5:
        region = region.flip(2)
    bad = apply(operator, region.contiguous(), draw.noise)
    y, x = (draw.integer(max(1, length - side + 1)) for length in region.shape[-2:])
    faces = pictures.faces_of(picture)
    face_bad = face_other = torch.zeros(3, PAIR_PX, PAIR_PX, device=draw.device)
    if faces:
        face_bad, face_other = _window(pictures, faces[draw.integer(len(faces))], operator, draw, restoring)
    cut = (slice(None), slice(y, y + side), slice(x, x + side))
    return bad[cut], region[cut], face_bad, face_other, torch.tensor(float(bool(faces)), device=draw.device)
