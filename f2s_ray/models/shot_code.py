r"""Readings of the frames of a shot to its code, and when the damage changes inside it.

::

    readings of track 1 -settle-> one reading  \
    readings of track 2 -settle-> one reading  -- shot_code -> Code
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from f2s_ray.models.votes import SAME_DAMAGE, Code, Readings, mean_reading, vote

__all__ = ["FADE_FRAMES", "SettledTrack", "find_changes", "segment_weights", "settle", "shot_code"]

# Below this cosine to the code of its segment, a probe speaks of other damage.
CHANGED_DAMAGE = 0.6
PROBES_FOR_CHANGE = 2
FIRST_PROBES = 3
FADE_FRAMES = 8


@dataclass(frozen=True)
class SettledTrack:
    """What the frames of one track say together: one reading, which frames it is the mean of, their lowest cosine."""

    reading: Readings
    voters: tuple[int, ...]
    agreement: float


def settle(readings: Readings) -> SettledTrack:
    """Frames of one track to one reading: those whose cosine to the median direction is below 0.5 are left out.

    The median direction is that of the reading that is nearest to all others, by weight, so up to half of the weight may be wrong. At least
    one reading is needed; their order does not matter.
    """
    signatures = readings.signatures
    median = signatures[_median(signatures, readings.weights)]
    voters = [i for i, cosine in enumerate((signatures @ median).tolist()) if cosine >= SAME_DAMAGE]
    kept = signatures[voters]
    return SettledTrack(mean_reading(readings, voters), tuple(voters), float((kept @ kept.T).min()))


def shot_code(tracks: Sequence[SettledTrack]) -> Code:
    """The code of a shot with at least one track; tracks vote as the faces of a photo do.

    ``voters`` are tracks; ``agreement`` is the lowest cosine between two of them.
    """
    rows = [track.reading for track in tracks]
    return vote(Readings(*(torch.cat(parts) for parts in zip(*(vars(row).values() for row in rows), strict=True))))


def find_changes(signatures: Float[Tensor, "t d"]) -> list[int]:
    """Where the damage changes: the first probes of all segments but the first; ``signatures`` are unit vectors in the order of time.

    A segment ends when two probes in a row have a cosine below 0.6 to its mean so far; a single one is a misreading and has no say in
    the mean.

    >>> noisy, blurred = torch.eye(2)
    >>> find_changes(torch.stack([noisy, noisy, blurred, noisy, blurred, blurred, blurred]))
    [4]
    """
    starts: list[int] = []
    start = 0
    while (change := _next_change(signatures[start:])) is not None:
        start += change
        starts.append(start)
    return starts


def segment_weights(frame: int, starts: Sequence[int], fade_frames: int = FADE_FRAMES) -> Float[Tensor, " segments"]:
    """How much the code of each segment counts at a frame; the sum is 1.

    Args:
        frame: index of the frame, counted as ``starts`` are.
        starts: first frames of all segments but the first, ascending.
        fade_frames: length of the cross-fade around each start, of which half lies before it.

    >>> segment_weights(102, [100]).tolist()
    [0.1875, 0.8125]
    """
    risen = [(frame + 0.5 - start) / fade_frames + 0.5 for start in starts]
    steps = torch.tensor([1.0, *(min(1.0, max(0.0, share)) for share in risen), 0.0])
    return steps[:-1] - steps[1:]


def _median(signatures: Float[Tensor, "f d"], weights: Float[Tensor, " f"]) -> int:
    """The reading with the least sum of chords to all; ties fall to the heaviest, then to the first by its numbers."""
    chords = (2.0 - 2.0 * signatures.double() @ signatures.double().T).clamp(min=0.0).sqrt()
    sums = (chords @ weights.double()).tolist()
    least = min(sums) + 1e-9
    near = [i for i, total in enumerate(sums) if total <= least]
    return min(near, key=lambda i: (-float(weights[i]), signatures[i].tolist()))


def _next_change(signatures: Float[Tensor, "t d"]) -> int | None:
    """The first probe of the next segment; the segment that begins here starts from the median of its first probes."""
    if len(signatures) <= PROBES_FOR_CHANGE:
        return None
    first = signatures[:FIRST_PROBES]
    mean = first[_median(first, torch.ones(len(first)))]
    total, strangers = torch.zeros_like(mean), 0
    for index, signature in enumerate(signatures):
        if float(signature @ mean) >= CHANGED_DAMAGE:
            total, strangers = total + signature, 0
            mean = F.normalize(total, dim=0)
            continue
        strangers += 1
        if strangers == PROBES_FOR_CHANGE and index >= PROBES_FOR_CHANGE:
            return index - PROBES_FOR_CHANGE + 1
    return None
