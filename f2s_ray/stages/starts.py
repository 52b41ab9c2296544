"""Who was who and what was said to the groups that clustering starts from, and to those that must not become one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Int

from f2s_ray.stages.face_places import FacePlaces
from f2s_ray.stages.face_units import Units
from f2s_ray.stages.facts import Said

__all__ = ["NEW", "Known", "Starts", "starts_of"]

NEW = -1
PAIR = np.int64(1) << np.int64(32)


@dataclass(frozen=True)
class Known:
    """Identities by the ids under which they go on, and for each face the position of whose it was, -1 where it is new."""

    ids: tuple[str, ...]
    of_face: Int[np.ndarray, " n"]

    @classmethod
    def of(cls, previous: pa.Table, places: FacePlaces, content_digests: Mapping[str, str], said: Said) -> "Known":
        """From the table as it was, and from all of whom something was said."""
        roots = [said.root(identity_id) for identity_id in previous["identity_id"].to_pylist()]
        ids = tuple(dict.fromkeys([*roots, *sorted(said.stated)]))
        at = {identity_id: number for number, identity_id in enumerate(ids)}
        of_face = np.full(len(places.face_ids), NEW, dtype=np.int64)
        lists = previous["face_ids"].combine_chunks()
        rows = places.of_ids(lists.flatten(), content_digests)
        owners = np.array([at[root] for root in roots], dtype=np.int64)[np.asarray(lists.value_parent_indices())]
        of_face[rows[rows != NEW]] = owners[rows != NEW]
        return cls(ids, of_face)


@dataclass(frozen=True)
class Starts:
    """For each unit the identity that it begins with, as a position in ``Known.ids``, and who may not become one."""

    start: Int[np.ndarray, " u"]
    places: Int[np.ndarray, "m 2"]


def starts_of(
    units: Units, known: Known, said: Said, quality: Float[np.ndarray, " n"], *, afresh: bool = False
) -> Starts:
    """Where clustering begins: what was said comes first, then who was who.

    ``afresh``: who was who counts only for those of whom something was said.
    """
    at = {identity_id: number for number, identity_id in enumerate(known.ids)}
    is_stated = np.array([identity_id in said.stated for identity_id in known.ids], dtype=bool)
    of_face = known.of_face.copy()
    if afresh:
        known_rows = np.flatnonzero(of_face != NEW)
        of_face[known_rows[~is_stated[of_face[known_rows]]]] = NEW
    is_said = np.zeros(len(of_face), dtype=bool)
    for row, held in said.faces.items():
        if held.is_said or of_face[row] == NEW:
            of_face[row], is_said[row] = at[held.identity_id], held.is_said
    banned = _banned(units, said, at)
    start, unit_is_said = _of_units(units, of_face, is_said, quality)
    for unit, numbers in banned.items():
        if start[unit] in numbers:
            start[unit] = NEW
    _part(units, start, unit_is_said)
    return Starts(start, np.concatenate([units.places, *_said_places(units, start, banned, is_stated)]))


def _banned(units: Units, said: Said, at: Mapping[str, int]) -> dict[int, set[int]]:
    """Units, and who they are not."""
    banned: dict[int, set[int]] = {}
    for row, ids in said.rejected.items():
        banned.setdefault(int(units.of_face[row]), set()).update(at[identity_id] for identity_id in ids)
    return banned


def _of_units(
    units: Units, of_face: np.ndarray, is_said: np.ndarray, quality: np.ndarray
) -> tuple[Int[np.ndarray, " u"], Bool[np.ndarray, " u"]]:
    """Whose each unit is, by the face of which it was said, else by the best that was somebody's; and whether it was said."""
    start = np.full(len(units.quality), NEW, dtype=np.int64)
    unit_is_said = np.zeros(len(start), dtype=bool)
    rows = np.flatnonzero(of_face != NEW)
    rows = rows[np.lexsort((rows, -quality[rows], ~is_said[rows]))]
    chosen, first = np.unique(units.of_face[rows], return_index=True)
    start[chosen] = of_face[rows[first]]
    unit_is_said[chosen] = is_said[rows[first]]
    return start, unit_is_said


def _part(units: Units, start: np.ndarray, is_said: np.ndarray) -> None:
    """Two that are seen at once are one person only where this was said of both: else the better one stays."""
    pairs = units.places[start[units.places[:, 0]] != NEW]
    keys = pairs[:, 1] * PAIR + start[pairs[:, 0]]
    _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
    crowded = np.flatnonzero(counts[number] > 1)
    together: dict[int, list[int]] = {}
    for at in crowded.tolist():
        together.setdefault(int(number[at]), []).append(int(pairs[at, 0]))
    for members in together.values():
        best = min(members, key=lambda unit: (not is_said[unit], -units.quality[unit], unit))
        for unit in members:
            if unit != best and not (is_said[unit] and is_said[best]):
                start[unit] = NEW


def _said_places(
    units: Units, start: np.ndarray, banned: Mapping[int, set[int]], is_stated: np.ndarray
) -> list[Int[np.ndarray, "m 2"]]:
    """Places for what was said: one where all stated identities are seen, and one a face and who it is not."""
    place = int(units.places[:, 1].max(initial=-1)) + 1
    groups, first = np.unique(start, return_index=True)
    first_of = {int(group): int(unit) for group, unit in zip(groups, first, strict=True) if group != NEW}
    stated = [unit for group, unit in first_of.items() if is_stated[group]]
    pairs = [(unit, place) for unit in stated]
    for unit, numbers in sorted(banned.items()):
        for number in sorted(numbers & first_of.keys()):
            place += 1
            pairs += [(unit, place), (first_of[number], place)]
    return [np.array(pairs, dtype=np.int64).reshape(-1, 2)]
