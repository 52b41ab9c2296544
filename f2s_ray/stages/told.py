"""What faces read to the columns of an estimate: one code, or one a region, or one a stretch of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from f2s_catalog.records import CodeChange, Face, RegionCode
from jaxtyping import Float
from torch import Tensor

from f2s_ray.models.fadex import VALUES
from f2s_ray.models.mapnet import TOKENS
from f2s_ray.models.shot_code import find_changes, settle, shot_code
from f2s_ray.models.votes import Code, LocalCode, Readings, Region

__all__ = ["NOTHING", "Told", "coded", "local_code", "pooled_of", "tell", "track_of"]

NOTHING: dict[str, Any] = {"code": (), "signature": (), **{name: None for name, _ in VALUES}}


@dataclass(frozen=True)
class Told:
    """The code of a shot, the faces that told it, and its parts in the picture or in time."""

    code: Code
    face_ids: tuple[str, ...]
    regions: tuple[RegionCode, ...]
    changes: tuple[CodeChange, ...]


def tell(readings: Readings, faces: Sequence[Face]) -> Told:
    """Faces of one track say one thing, and tracks vote; where the damage changes in time, each stretch has its own vote.

    ``readings`` has a row for each of the faces; the order of the faces does not matter.
    """
    order = sorted(range(len(faces)), key=lambda i: (faces[i].frame, faces[i].face_id))
    readings, faces = _chosen(readings, order), [faces[i] for i in order]
    whole, voters = _voted(readings, faces)
    regions = tuple(_region(region, voters) for region in whole.regions)
    starts = [0, *_starts(readings, faces), len(faces)]
    changes = [_change(_chosen(readings, range(a, b)), faces[a:b]) for a, b in pairwise(starts)]
    ids = tuple(face_id for i in whole.voters for face_id in voters[i])
    return Told(whole, ids, regions, tuple(changes) if len(changes) > 1 else ())


def coded(code: Code) -> dict[str, Any]:
    """The columns of a code."""
    return {"code": _flat(code.pooled), "signature": tuple(code.signature.tolist()), **code.values}


def pooled_of(code: tuple[float, ...]) -> Float[Tensor, "21 k"] | None:
    """A stored code as the restorer takes it; None where there is none."""
    return torch.tensor(code).reshape(TOKENS, -1) if code else None


def local_code(region: RegionCode) -> LocalCode:
    """A stored code of a part of a picture as the restorer takes it."""
    return LocalCode(region.x, region.y, torch.tensor(region.code).reshape(TOKENS, -1))


def track_of(face: Face) -> str:
    """Its track; a face of a photo is a track of its own."""
    return face.track_id or face.face_id


def _voted(readings: Readings, faces: Sequence[Face]) -> tuple[Code, list[tuple[str, ...]]]:
    """The code, and for each voter of it, which is a track, the faces that speak for the track."""
    tracks: dict[str, list[int]] = {}
    for row, face in enumerate(faces):
        tracks.setdefault(track_of(face), []).append(row)
    settled = [(rows, settle(_chosen(readings, rows))) for _, rows in sorted(tracks.items())]
    ids = [tuple(faces[rows[i]].face_id for i in one.voters) for rows, one in settled]
    return shot_code([one for _, one in settled]), ids


def _starts(readings: Readings, faces: Sequence[Face]) -> list[int]:
    """Rows where the damage changes; faces of one frame are of one stretch."""
    return [row for row in find_changes(readings.signatures) if faces[row].frame != faces[row - 1].frame]


def _change(readings: Readings, faces: Sequence[Face]) -> CodeChange:
    code, ids = _voted(readings, faces)
    return CodeChange(
        first_frame=faces[0].frame,
        seconds=faces[0].pts_seconds,
        face_ids=tuple(face_id for i in code.voters for face_id in ids[i]),
        **coded(code),
    )


def _region(region: Region, voters: Sequence[tuple[str, ...]]) -> RegionCode:
    return RegionCode(
        x=region.local.x,
        y=region.local.y,
        code=_flat(region.local.pooled),
        signature=tuple(region.signature.tolist()),
        face_ids=tuple(face_id for i in region.voters for face_id in voters[i]),
        **region.values,
    )


def _chosen(readings: Readings, rows: Sequence[int]) -> Readings:
    return Readings(*(column[list(rows)] for column in vars(readings).values()))


def _flat(pooled: Tensor) -> tuple[float, ...]:
    return tuple(pooled.flatten().tolist())
