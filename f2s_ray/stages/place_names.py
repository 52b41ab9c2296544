"""Regions that other programs named, and the faces of a picture, to which name stands on which face."""

from collections.abc import Sequence
from dataclasses import dataclass

from f2s_catalog.records import Face, FaceMark

from f2s_ray.media.named_regions import NamedRegion, overlap
from f2s_ray.media.regions import Area, turned

__all__ = ["NamedFace", "Picture", "place_names"]

MIN_OVERLAP = 0.3
SAME_SHAPE = 0.05


@dataclass(frozen=True)
class Picture:
    """The upright size of a picture, and the orientation in which it is stored."""

    path: str
    width_px: int
    height_px: int
    orientation: int


@dataclass(frozen=True)
class NamedFace:
    """A face of the catalog, the name that a program gave it, and which program that was."""

    face: Face
    name: str
    program: str
    path: str


def place_names(
    regions: Sequence[NamedRegion], faces: Sequence[Face | FaceMark], picture: Picture
) -> tuple[list[NamedFace], list[NamedRegion]]:
    """Names on faces, best fit first and one to one, and the regions without a face.

    A region fits a face where they overlap by 0.3, or where each holds the centre of the other. Regions are about the
    stored picture, unless the size that they were applied to is that of the upright one. Where that size tells nothing
    and no region fits a face, they are tried as regions of the upright picture, too.

    Args:
        regions: from one file.
        faces: of the picture; a mark is one that was erased, and a region that fits it best is in neither answer.
        picture: its size and orientation.
    """
    placed: list[NamedFace] = []
    left: list[NamedRegion] = []
    for applied_to in dict.fromkeys(region.applied_to for region in regions):
        group = [region for region in regions if region.applied_to == applied_to]
        best: list[tuple[NamedRegion, Face | FaceMark]] = []
        for orientation in _orientations(applied_to, picture):
            best = best or _fitted(group, [turned(region.area, orientation) for region in group], faces, picture)
        placed += [
            NamedFace(face, region.name, region.program, picture.path)
            for region, face in best
            if isinstance(face, Face)
        ]
        left += [region for region in group if all(region is not one for one, _ in best)]
    return placed, left


def _orientations(applied_to: tuple[float, float] | None, picture: Picture) -> list[int]:
    """By which orientations the regions may have to be turned, the likeliest first; none when they are of another cut."""
    if applied_to is None:
        return list(dict.fromkeys([picture.orientation, 1]))
    shape = applied_to[0] / applied_to[1]
    upright = picture.width_px / picture.height_px
    stored = 1 / upright if picture.orientation >= 5 else upright
    fits_stored, fits_upright = (abs(shape / known - 1) <= SAME_SHAPE for known in (stored, upright))
    found = [picture.orientation] * fits_stored + [1] * fits_upright
    return list(dict.fromkeys(found))


def _fitted(
    regions: Sequence[NamedRegion], areas: Sequence[Area], faces: Sequence[Face | FaceMark], picture: Picture
) -> list[tuple[NamedRegion, Face | FaceMark]]:
    boxes = [_area(face, picture) for face in faces]
    pairs = sorted(
        (-overlap(area, box), row, faces[column].face_id, column)
        for row, area in enumerate(areas)
        for column, box in enumerate(boxes)
        if overlap(area, box) >= MIN_OVERLAP or (_holds(area, box) and _holds(box, area))
    )
    rows: set[int] = set()
    columns: set[int] = set()
    fitted: list[tuple[NamedRegion, Face | FaceMark]] = []
    for _, row, _, column in pairs:
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            fitted.append((regions[row], faces[column]))
    return fitted


def _area(face: Face | FaceMark, picture: Picture) -> Area:
    x0, y0, x1, y1 = face.box_px
    width, height = picture.width_px, picture.height_px
    return (x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height


def _holds(area: Area, other: Area) -> bool:
    """Whether an area holds the centre of another."""
    return all(abs(area[at] - other[at]) <= area[at + 2] / 2 for at in (0, 1))
