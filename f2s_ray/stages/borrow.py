"""Looks of shots to one code for each: its own, one borrowed from a picture like it, or none (blind)."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Float
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LOOKS", "BorrowConfig", "Loan", "borrow"]

_MEASURES = ("noise_measured", "sharpness_measured", "blockiness_measured")
_COUNTS = ("face_count", "region_count", "change_count")
LOOKS = pa.schema(
    [
        *((name, pa.string()) for name in ("media_id", "path", "camera")),
        *((name, pa.bool_()) for name in ("is_film", "has_code")),
        *((name, pa.int64()) for name in _COUNTS),
        *((name, pa.float64()) for name in _MEASURES),
    ]
)
"""What is looked at of a shot: its medium, whether and by how much its faces told a code, and what its frame shows without them."""

NOISE_FLOOR = 0.004
_SLACK = 1e-9  # of a limit: more than logarithms are rounded by, less than any two pictures differ by
_FIRST_REACH = 32  # lenders to each side of a look that are compared with it first

Look = Float[np.ndarray, " 3"]
"""Noise, sharpness and blocks."""


class BorrowConfig(BaseModel):
    """When a picture is like enough to lend its code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    max_noise_octaves: float = Field(0.7, gt=0, le=5, description="measured noise may differ by this many doublings")
    max_sharpness_gap: float = Field(0.2, gt=0, le=1, description="measured sharpness may differ by this much")
    max_blockiness_gap: float = Field(0.15, gt=0, le=1, description="the measured 8x8 grid may differ by this much")


class Loan(NamedTuple):
    """The row whose code a shot takes, its own or a lender's, none where it is blind; and why, in words."""

    origin: Literal["face", "borrowed", "blind"]
    row: int | None
    why: str


def borrow(looks: pa.Table, config: BorrowConfig) -> Iterator[Loan]:
    """One for every shot.

    A lender lies in the same folder or comes from the same camera, and looks alike in noise, sharpness and blocks; the same folder goes
    first, then the nearest look, then the path. Without one the shot is blind: a wrong code costs more than none.

    Args:
        looks: a row for each shot, as ``LOOKS``.
        config: what is alike.
    """
    has_code, paths = looks["has_code"].to_pylist(), looks["path"].to_pylist()
    counts = [looks[name].to_pylist() for name in _COUNTS]
    measures = np.stack([looks[name].to_numpy() for name in _MEASURES], axis=1)
    films, media_ids, cameras = (looks[name].to_pylist() for name in ("is_film", "media_id", "camera"))

    def places(row: int) -> list[tuple[str, str]]:
        return _places(media_ids[row] if films[row] else None, paths[row], cameras[row])

    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in sorted(np.flatnonzero(has_code).tolist(), key=lambda row: (paths[row], row)):
        for place in places(row):
            rows[place].append(row)
    lenders = {place: _Lenders(own, measures, config) for place, own in rows.items()}
    for row, own in enumerate(has_code):
        if own:
            yield Loan("face", row, _told(*(count[row] for count in counts)))
        else:
            yield _lent([place for place in places(row) if place in lenders], lenders, measures[row], paths)


def _lent(
    places: Sequence[tuple[str, str]],
    lenders: dict[tuple[str, str], "_Lenders"],
    look: Look,
    paths: Sequence[str],
) -> Loan:
    """From the first place where one is like enough."""
    for place in places:
        row = lenders[place].nearest(look)
        if row is not None:
            return Loan("borrowed", row, f"same {place[0]} as {paths[row]}, and alike in noise, sharpness and blocks")
    return Loan("blind", None, "no usable face, and no picture like it that has one")


def _places(film_id: str | None, path: str, camera: str | None) -> list[tuple[str, str]]:
    """Where its lenders are looked for, nearest first. The damage of a film is of its own kind, so it lends only to itself."""
    if film_id is not None:
        return [("film", film_id)]
    folder = ("folder", path.rpartition("/")[0])
    return [folder] if camera is None else [folder, ("camera", camera)]


class _Lenders:
    """The lenders of one place in the order of one measure, so that a look is compared only with those around it.

    Args:
        rows: of the lenders, by path; of those that look the same the first one lends.
        measures: of all shots.
        config: what is alike.
    """

    def __init__(self, rows: Sequence[int], measures: Float[np.ndarray, "n 3"], config: BorrowConfig) -> None:
        limits = config.max_noise_octaves, config.max_sharpness_gap, config.max_blockiness_gap
        self._limits, self._rows = np.array(limits), rows
        looks, first = np.unique(measures[rows], axis=0, return_index=True)
        scaled = self._scale(looks)
        self._axis = int(np.argmax(np.ptp(scaled, axis=0)))
        order = np.argsort(scaled[:, self._axis], kind="stable")
        self._looks, self._scaled, self._ranks = looks[order], scaled[order], first[order]

    def nearest(self, look: Look) -> int | None:
        """The row of the lender that looks most alike; None when none is like enough."""
        own, keys, reach = self._scale(look[None])[0], self._scaled[:, self._axis], _FIRST_REACH
        key = own[self._axis]
        at = int(np.searchsorted(keys, key))
        while True:
            low, high = max(0, at - reach), min(len(keys), at + reach)
            distances = self._distances(look, own, low, high)
            bound = min(1.0, distances.min()) + _SLACK
            if (low == 0 or key - keys[low - 1] > bound) and (high == len(keys) or keys[high] - key > bound):
                break
            reach *= 4
        if distances.min() == math.inf:
            return None
        near = (np.flatnonzero(distances <= distances.min() + _SLACK) + low).tolist()
        return self._rows[min((self._distance(look, one), self._ranks[one]) for one in near)[1]]

    def _distances(self, look: Look, own: Look, low: int, high: int) -> Float[np.ndarray, " n"]:
        """About how far lenders are from a look; infinite where one must not lend."""
        gaps = np.abs(self._scaled[low:high] - own)
        widest, distances = gaps.max(axis=1), gaps.sum(axis=1)
        distances[widest > 1 + _SLACK] = np.inf
        for one in np.flatnonzero(np.abs(widest - 1) <= _SLACK).tolist():
            if self._distance(look, low + one) == math.inf:
                distances[one] = np.inf
        return distances

    def _distance(self, look: Look, one: int) -> float:
        """How far a lender is from a look; infinite when it must not lend."""
        (noise, sharpness, blockiness), (noise_there, sharpness_there, blockiness_there) = look, self._looks[one]
        octaves, most_sharpness, most_blockiness = self._limits
        gaps = (
            abs(math.log2((noise + NOISE_FLOOR) / (noise_there + NOISE_FLOOR))) / octaves,
            abs(sharpness - sharpness_there) / most_sharpness,
            abs(blockiness - blockiness_there) / most_blockiness,
        )
        return math.inf if max(gaps) > 1 else float(sum(gaps))

    def _scale(self, looks: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """Measures in which a gap of 1 is the limit."""
        noise = np.log2(looks[:, :1] + NOISE_FLOOR)
        return np.concatenate([noise, looks[:, 1:]], axis=1) / self._limits


def _told(face_count: int, region_count: int, change_count: int) -> str:
    """Who told the code, in words."""
    words = [f"read from {face_count} face{'s' if face_count > 1 else ''}"]
    if region_count:
        words.append(f"non-uniform damage, {region_count} regions")
    if change_count:
        words.append(f"the damage changes, {change_count} stretches")
    return "; ".join(words)
