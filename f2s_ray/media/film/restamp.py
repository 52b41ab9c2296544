"""Packets in the order of decoding, and the stamps their frames shall have, to exact pts and dts."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from av.packet import Packet

__all__ = ["ranks", "reorder_depth", "restamped"]


def ranks(pts: Sequence[int]) -> np.ndarray:
    """Place in the order of showing of each packet.

    >>> ranks([0, 120, 40, 80]).tolist()
    [0, 3, 1, 2]
    """
    places = np.empty(len(pts), np.int64)
    places[np.argsort(np.array(pts, np.int64), kind="stable")] = np.arange(len(pts))
    return places


def reorder_depth(places: np.ndarray) -> int:
    """By how many frames decoding must run ahead of showing.

    >>> reorder_depth(ranks([0, 120, 40, 80]))
    1
    """
    return int(max(0, (np.arange(len(places)) - places).max()))


def restamped(packets: Iterable[Packet], places: np.ndarray, stamps: np.ndarray, depth: int) -> Iterator[Packet]:
    """Set pts, dts and duration of each packet, in ticks of ``stamps``.

    The n-th packet is decoded at the stamp of frame ``n - depth``, so dts rises and never passes pts; the first
    ``depth`` ones lie before the film, a tick of the first step apart.

    Args:
        packets: in the order of decoding.
        places: of each packet, its frame's number.
        stamps: of each frame, and one more: the end of the last.
        depth: at least ``reorder_depth(places)``.
    """
    step = max(1, int(stamps[1] - stamps[0]))
    for number, (packet, place) in enumerate(zip(packets, places, strict=True)):
        early = depth - number
        packet.dts = int(stamps[0]) - early * step if early > 0 else int(stamps[number - depth])
        packet.pts = int(stamps[place])
        packet.duration = int(stamps[place + 1] - stamps[place])
        yield packet
