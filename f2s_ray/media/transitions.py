"""A window of looks to what changes in it: a hard cut, a dissolve, or a fade through a blank frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from f2s_ray.media.frame_looks import Look, contrast, mixture, resemblance, unlikeness

__all__ = ["DISSOLVE_FRAMES", "LIT_FRAMES", "MOMENT_FRAMES", "Cut", "History", "dissolve", "fade", "hard_cut"]

# A disturbance of up to so many frames is a flash, not a shot.
FLASH_FRAMES = 3
# One of up to so many is a flash if it is so much brighter than what it breaks into.
LIT_FRAMES = 8
LIT = 0.15
# So long before and after a blank run the picture is looked at.
MOMENT_FRAMES = 8
NEIGHBOURS = 6
# On films made for choosing it, neighbours of one shot stay below 0.31 and those across a cut above 0.41.
LEAST_UNLIKE = 0.36
# Contrast of a blank frame: two of 255 levels.
BLANK = 0.008
DISSOLVE_FRAMES = (8, 16, 32)
LEAST_DISSOLVED = 0.42
MIXTURE_REST = 0.10
# Motion adds to what no mixture explains in a long window; the short one in its middle must then be clean, and not still.
MOVING_REST, INNER_REST, INNER_UNLIKE = 0.30, 0.06, 0.12
PROBES = 5
# Ends that resemble each other more are those of one shot.
ALIKE = 0.8


@dataclass(frozen=True)
class Cut:
    """The first frame of a new shot, how sure that is (0..1), and how far around no weaker cut counts, in frames."""

    frame: int
    score: float
    reach: int


class History:
    """The latest frames of a film: their looks, how unlike each is to the one before, and the contrast of each pair."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._looks: dict[int, Look] = {}
        self._steps: dict[int, float] = {}
        self._contrasts: dict[int, float] = {}
        self.stop = 0

    @property
    def first(self) -> int:
        """The oldest frame that is remembered."""
        return max(0, self.stop - self._length)

    def add(self, look: Look) -> None:
        """Remember one more frame, forget the oldest."""
        new = self.stop
        before = self._looks.get(new - 1, look)
        self._looks[new] = look
        self._steps[new] = unlikeness(before, look) if new else 0.0
        self._contrasts[new] = contrast(before, look) if new else 0.0
        self.stop += 1
        for memory in (self._looks, self._steps, self._contrasts):
            memory.pop(self.stop - 1 - self._length, None)

    def look(self, frame: int) -> Look:
        """The look of a frame in [first, stop)."""
        return self._looks[frame]

    def step(self, frame: int) -> float:
        """How unlike a frame is to the one before."""
        return self._steps[frame]

    def is_blank(self, frame: int) -> bool:
        """Whether nothing is to be seen, be it black or white; known once the next frame is."""
        return max(self._contrasts[frame], self._contrasts.get(frame + 1, 0.0)) < BLANK

    def contrast(self, frame: int) -> float:
        """Contrast that a frame shares with the one before."""
        return self._contrasts[frame]


def hard_cut(history: History, frame: int) -> Cut | None:
    """A cut before ``frame``: none of the frames before is like any of those after, by more than frames around it differ.

    A flash is none: the frames before it are like those after it.
    """
    before = range(max(history.first, frame - FLASH_FRAMES - 1), frame)
    after = range(frame, min(history.stop, frame + FLASH_FRAMES + 1))
    least = _jump(history, frame)
    if min(len(before), len(after)) <= FLASH_FRAMES or least < LEAST_UNLIKE:
        return None
    if history.is_blank(frame - 1) or history.is_blank(frame):
        return None
    brighter = history.look(frame).level - history.look(frame - 1).level
    if brighter > LIT:
        after = range(frame, min(history.stop, frame + LIT_FRAMES + 1))
    elif brighter < -LIT:
        before = range(max(history.first, frame - LIT_FRAMES - 1), frame)
    usual = _usual_step(history, frame)
    for one in reversed(before):
        for other in after:
            if least < LEAST_UNLIKE:
                return None
            least = min(least, (unlikeness(history.look(one), history.look(other)) - usual) / (1.0 - usual))
    return Cut(frame, least, 1) if least >= LEAST_UNLIKE else None


def dissolve(history: History, frame: int, is_broken: Callable[[int, int], bool]) -> Cut | None:
    """A dissolve whose middle is ``frame``: both ends are unlike, and what lies between is a mixture of them.

    Args:
        history: the frames around.
        frame: the middle.
        is_broken: whether a cut or a fade lies in [first, stop), which is never part of a dissolve.
    """
    lengths = [length for length in DISSOLVE_FRAMES if _fits(history, frame, length)]
    whole = [length for length in lengths if not is_broken(frame - length // 2, frame + length // 2 + 1)]
    found = [_dissolve_of(history, frame, length) for length in whole]
    return max(filter(None, found), key=lambda cut: cut.score, default=None)


def fade(history: History, first: int, stop: int, before: Look) -> Cut | None:
    """The cut in a run of blank frames [first, stop); ``before`` is what was seen a moment before it.

    A run no longer than a flash is a cut only if another scene follows. The cut lies where the picture comes or goes at once, else in
    the middle.
    """
    middle = Cut((first + stop) // 2, 1.0, 1 + (stop - first) // 2)
    if stop - first > FLASH_FRAMES:
        return Cut(_edge(history, first, stop), middle.score, middle.reach)
    later = min(stop + MOMENT_FRAMES, history.stop - 1)
    score = unlikeness(before, history.look(later))
    return Cut(middle.frame, score, middle.reach) if score >= LEAST_UNLIKE else None


def _usual_step(history: History, frame: int) -> float:
    """Median unlikeness of neighbours around a frame, itself left out: what noise and motion do here."""
    around = range(max(history.first + 1, frame - NEIGHBOURS), min(history.stop, frame + NEIGHBOURS + 1))
    return min(float(np.median([history.step(i) for i in around if i != frame])), 0.9)


def _jump(history: History, frame: int) -> float:
    """How unlike a frame is to the one before, more than neighbours are here."""
    usual = _usual_step(history, frame)
    return (history.step(frame) - usual) / (1.0 - usual)


def _has_jump(history: History, first: int, stop: int) -> bool:
    """Whether frames [first, stop) change at once somewhere, as they do at the border of a flash."""
    return any(_jump(history, frame) >= LEAST_UNLIKE for frame in range(first + 1, stop))


def _fits(history: History, frame: int, length: int) -> bool:
    return frame - length // 2 > history.first and frame + length // 2 < history.stop


def _dissolve_of(history: History, frame: int, length: int) -> Cut | None:
    rest = _mixture_rest(history, frame, length)
    if rest > MOVING_REST:
        return None
    inner = min(DISSOLVE_FRAMES)
    if rest > MIXTURE_REST and (
        _mixture_rest(history, frame, inner) > INNER_REST or _ends_unlikeness(history, frame, inner) < INNER_UNLIKE
    ):
        return None
    score = _ends_unlikeness(history, frame, length)
    first, last = _ends(frame, length)
    if score < LEAST_DISSOLVED or _has_jump(history, first, last + 1):
        return None
    return Cut(frame, score, length // 6)


def _ends(frame: int, length: int) -> tuple[int, int]:
    return frame - length // 2, frame + length // 2


def _ends_unlikeness(history: History, frame: int, length: int) -> float:
    first, last = _ends(frame, length)
    return unlikeness(history.look(first), history.look(last))


def _mixture_rest(history: History, frame: int, length: int) -> float:
    """The largest share of a frame between the ends that no mixture explains; 1 where the mixture does not go from end to end."""
    ends = _ends(frame, length)
    first, last = (history.look(end) for end in ends)
    if resemblance(first, last) > ALIKE:
        return 1.0
    places = np.linspace(*ends, PROBES + 2).round().astype(int)[1:-1]
    mixed = [mixture(first, last, history.look(int(place))) for place in places]
    return max(rest for _, rest in mixed) if _is_rising([share for share, _ in mixed]) else 1.0


def _is_rising(shares: Sequence[float]) -> bool:
    """From the first half of the way to the second, never far back, and as near to the one end as to the other."""
    steps = np.diff(shares)
    return shares[0] < 0.4 and shares[-1] > 0.6 and float(steps.min()) > -0.1 and 0.3 <= shares[len(shares) // 2] <= 0.7


def _edge(history: History, first: int, stop: int) -> int:
    """Where the blank ends at once, where it begins at once, or its middle."""
    coming = [history.contrast(i) for i in range(stop + 1, min(history.stop, stop + 3 * FLASH_FRAMES))]
    if coming and coming[0] > 0.7 * max(coming):
        return stop
    going = [history.contrast(i) for i in range(max(history.first, first - 3 * FLASH_FRAMES), first - 1)]
    if going and going[-1] > 0.7 * max(going):
        return first
    return (first + stop) // 2
