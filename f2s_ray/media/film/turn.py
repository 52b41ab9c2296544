"""A display matrix to the turn that sets a frame upright, and back.

::

    matrix of a film   stored      shown
    (a b)              +----+      +--+
    (c d)              |  > |  ->  |^ |
                       +----+      +--+
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["UPRIGHT", "Matrix", "Turn", "stored", "turn_of", "upright"]

Matrix = tuple[int, ...]


@dataclass(frozen=True)
class Turn:
    """What sets a stored frame upright: first mirrored left to right, then turned clockwise in quarters."""

    quarter_turns: int
    is_mirrored: bool


UPRIGHT = Turn(0, False)
# A point (x, y) of the stored frame is shown at (a x + c y, b x + d y); y runs downward.
TURNS = {
    (1, 0, 0, 1): UPRIGHT,
    (0, 1, -1, 0): Turn(1, False),
    (-1, 0, 0, -1): Turn(2, False),
    (0, -1, 1, 0): Turn(3, False),
    (-1, 0, 0, 1): Turn(0, True),
    (0, -1, -1, 0): Turn(1, True),
    (1, 0, 0, -1): Turn(2, True),
    (0, 1, 1, 0): Turn(3, True),
}


def turn_of(matrix: Matrix | None) -> Turn:
    """The turn of a display matrix (nine numbers, 16.16); upright for none and for a slanted one.

    >>> turn_of((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    Turn(quarter_turns=1, is_mirrored=False)
    """
    if matrix is None:
        return UPRIGHT
    a, b, c, d = ((value > 0) - (value < 0) for value in (matrix[0], matrix[1], matrix[3], matrix[4]))
    return TURNS.get((a, b, c, d), UPRIGHT)


def upright(frame: np.ndarray, turn: Turn) -> np.ndarray:
    """A stored frame ``[h, w, ...]`` as it is shown."""
    mirrored = frame[:, ::-1] if turn.is_mirrored else frame
    return np.ascontiguousarray(np.rot90(mirrored, -turn.quarter_turns))


def stored(frame: np.ndarray, turn: Turn) -> np.ndarray:
    """The way back: an upright frame as it lies in the file.

    >>> frame = np.arange(6).reshape(2, 3)
    >>> all((stored(upright(frame, turn), turn) == frame).all() for turn in TURNS.values())
    True
    """
    turned = np.rot90(frame, turn.quarter_turns)
    return np.ascontiguousarray(turned[:, ::-1] if turn.is_mirrored else turned)
