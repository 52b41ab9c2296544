"""Frames of a film to its shots, one after the other, with a memory of some dozens of small frames."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from f2s_ray.media.frame_looks import Look, look_at
from f2s_ray.media.transitions import (
    DISSOLVE_FRAMES,
    LIT_FRAMES,
    MOMENT_FRAMES,
    Cut,
    History,
    dissolve,
    fade,
    hard_cut,
)

__all__ = ["FilmShot", "find_shots"]

# How long after a frame each rule has seen enough of what follows.
CUT_LAG = LIT_FRAMES
DISSOLVE_LAG = max(DISSOLVE_FRAMES) // 2 + CUT_LAG + 1
FADE_LAG = MOMENT_FRAMES + 1
SETTLED_LAG = 2 * DISSOLVE_LAG
REMEMBERED = DISSOLVE_LAG + max(DISSOLVE_FRAMES) // 2 + 2


@dataclass(frozen=True)
class FilmShot:
    """Frames [first_frame, stop_frame) of one shot, and how sure the cut at its start is, 0..1; 1 where the film begins."""

    first_frame: int
    stop_frame: int
    cut_score: float


def find_shots(frames: Iterable[UInt8[np.ndarray, "h w 3"]]) -> Iterator[FilmShot]:
    """Shots of upright RGB frames, in order and without a gap; a film without frames has none.

    A dissolve or a fade is cut in its middle. Up to three disturbed or blank frames are no shot. Each shot comes some fifty frames after
    its end, and no more frames than those are remembered, as small pictures. The size of frames may change midway.
    """
    watch = _Watch()
    first, score, count = 0, 1.0, 0
    for frame in frames:
        count += 1
        for cut in watch.see(frame):
            yield FilmShot(first, cut.frame, score)
            first, score = cut.frame, cut.score
    for cut in watch.end():
        yield FilmShot(first, cut.frame, score)
        first, score = cut.frame, cut.score
    if count:
        yield FilmShot(first, count, score)


class _Watch:
    """Runs the three rules, each as soon as it has seen enough, and settles which of the cuts they find count."""

    def __init__(self) -> None:
        self._history = History(REMEMBERED)
        self._found: list[Cut] = []
        self._blank_from: int | None = None
        self._before_blank: Look | None = None
        self._blanks: list[tuple[int, int, Look]] = []
        self._marks: list[tuple[int, int]] = []

    def see(self, frame: np.ndarray) -> list[Cut]:
        self._history.add(look_at(frame))
        now = self._history.stop - 1
        if now > 0:
            self._follow_blank(now - 1)
        self._run_rules(now - CUT_LAG, now - FADE_LAG, now - DISSOLVE_LAG)
        return self._settled(now - SETTLED_LAG)

    def end(self) -> list[Cut]:
        """The rules on the last frames, which nothing follows."""
        stop = self._history.stop
        for now in range(stop, stop + DISSOLVE_LAG):
            self._run_rules(now - CUT_LAG, now, now - DISSOLVE_LAG)
        return self._settled(stop + SETTLED_LAG)

    def _follow_blank(self, frame: int) -> None:
        blank = self._history.is_blank(frame)
        if blank and self._blank_from is None:
            self._blank_from = frame
            moment = frame - MOMENT_FRAMES
            self._before_blank = self._history.look(max(moment, self._history.first)) if frame else None
        elif not blank and self._blank_from is not None:
            self._marks.append((self._blank_from, frame))
            if self._before_blank is not None:
                self._blanks.append((self._blank_from, frame, self._before_blank))
            self._blank_from = None

    def _run_rules(self, cut_at: int, fade_before: int, dissolve_at: int) -> None:
        if 0 < cut_at < self._history.stop:
            self._keep(hard_cut(self._history, cut_at))
        while self._blanks and self._blanks[0][1] <= fade_before:
            first, stop, before = self._blanks.pop(0)
            self._keep(fade(self._history, first, stop, before))
        if 0 < dissolve_at < self._history.stop:
            self._found += filter(None, [dissolve(self._history, dissolve_at, self._is_broken)])

    def _keep(self, cut: Cut | None) -> None:
        if cut:
            self._found.append(cut)
            self._marks.append((cut.frame, cut.frame + 1))

    def _is_broken(self, first: int, stop: int) -> bool:
        open_blank = self._blank_from is not None and self._blank_from < stop
        return open_blank or any(begin < stop and end > first for begin, end in self._marks)

    def _settled(self, before: int) -> list[Cut]:
        """Of cuts within each other's reach the surest; only groups that end ``before`` a frame."""
        self._found.sort(key=lambda cut: cut.frame)
        settled = []
        while self._found:
            group = [self._found[0]]
            for cut in self._found[1:]:
                if cut.frame - cut.reach > group[-1].frame + group[-1].reach:
                    break
                group.append(cut)
            if group[-1].frame + group[-1].reach >= before:
                break
            settled.append(max(group, key=lambda cut: (cut.score, -cut.frame)))
            del self._found[: len(group)]
        self._marks = [mark for mark in self._marks if mark[1] > before - REMEMBERED]
        return settled
