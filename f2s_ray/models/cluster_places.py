"""Where groups of faces were seen: two groups that share a place are two people."""

import numpy as np
from jaxtyping import Bool, Int

__all__ = ["Places"]


class Places:
    """Pairs of a group and a place, each once, sorted; a group that takes in another takes in its places."""

    def __init__(self, groups: Int[np.ndarray, " m"], places: Int[np.ndarray, " m"]) -> None:
        """Places that only one group has part nobody, so they are left out."""
        _, numbers = np.unique(places, return_inverse=True)
        self._span = int(numbers.max(initial=0)) + 1
        pairs = np.unique(groups.astype(np.int64) * self._span + numbers)
        shared = np.bincount(pairs % self._span, minlength=self._span) > 1
        self._pairs = pairs[shared[pairs % self._span]]

    def clash(self, a: Int[np.ndarray, " k"], b: Int[np.ndarray, " k"]) -> Bool[np.ndarray, " k"]:
        """Whether the groups a and b share a place, pair by pair."""
        fewer = self._count(a) <= self._count(b)
        which, places = self._of(np.where(fewer, a, b))
        sought = np.where(fewer, b, a).astype(np.int64)[which] * self._span + places
        if not len(sought):
            return np.zeros(len(a), dtype=bool)
        at = np.minimum(np.searchsorted(self._pairs, sought), len(self._pairs) - 1)
        return np.bincount(which[self._pairs[at] == sought], minlength=len(a)) > 0

    def first_come(self, groups: Int[np.ndarray, " k"], homes: Int[np.ndarray, " k"]) -> Bool[np.ndarray, " k"]:
        """Of groups that go to the same home and share a place: whether it is the first of them at all its places."""
        which, places = self._of(groups)
        _, slots = np.unique(homes[which].astype(np.int64) << 32 | places, return_inverse=True)
        first = np.full(len(slots), len(groups))
        np.minimum.at(first, slots, which)
        return np.bincount(which[first[slots] != which], minlength=len(groups)) == 0

    def _of(self, groups: Int[np.ndarray, " k"]) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
        """All places of these groups, and beside each the position of its group in ``groups``."""
        first, last = self._ranges(groups)
        which = np.repeat(np.arange(len(groups)), last - first)
        within = np.arange(len(which)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
        return which, self._pairs[first[which] + within] % self._span

    def unite(self, root: Int[np.ndarray, " n"]) -> None:
        """Give each group's places to the group that it is now part of."""
        groups, places = np.divmod(self._pairs, self._span)
        pairs = np.sort(root[groups].astype(np.int64) * self._span + places)
        self._pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]]

    def _count(self, groups: np.ndarray) -> np.ndarray:
        first, last = self._ranges(groups)
        return last - first

    def _ranges(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        begin = groups.astype(np.int64) * self._span
        return np.searchsorted(self._pairs, begin), np.searchsorted(self._pairs, begin + self._span)
