"""The pictures of the page: a picture's story to its inlined panels and cuts, a face's place to its thumbnail."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from f2s_ray.media.signatures import FILM
from f2s_ray.view.model import FaceCut, FaceStory, Original, Page, Picture
from f2s_ray.view.pictures import Inline, cut_face, cut_square, inline, load, load_frame

__all__ = ["Album", "Drawn", "DrawnFace"]

_PANEL_PX = 900
_SMALL_PANEL_PX = 640
_MANY_PICTURES = 40  # more than this, and panels get smaller, so that the page still opens on a phone
_DETAIL_PX = 304  # two fit beside each other on a desk, one into a phone of 360 px
_FACE_PX = 160
_THUMB_PX = 96


@dataclass(frozen=True)
class DrawnFace:
    """A face before and after; None where a file is gone or cannot be read."""

    story: FaceStory
    before: Inline | None
    after: Inline | None


@dataclass(frozen=True)
class Drawn:
    """A picture with all that is shown of it; None where a file is gone or cannot be read."""

    story: Picture
    before: Inline | None
    after: Inline | None
    detail_before: Inline | None
    detail_after: Inline | None
    faces: tuple[DrawnFace, ...]


class Album:
    """Opens each file when its turn comes, and keeps only thumbnails.

    Args:
        page: what will be shown.
        input_root: folder of the sources.
        output: folder of the results.
    """

    def __init__(self, page: Page, input_root: Path, output: Path) -> None:
        self._page, self._input_root, self._output = page, input_root, output
        self._thumbs: dict[str, Inline | None] = {}

    def draw(self, picture: Picture) -> Drawn:
        """Panels, details and faces of one picture."""
        before = self._source(picture.original)
        after = _opened(self._output / picture.result_path, picture.original, raw=False)
        panel_px = _PANEL_PX if len(self._page.pictures) <= _MANY_PICTURES else _SMALL_PANEL_PX
        return Drawn(
            story=picture,
            before=_panel(before, panel_px),
            after=_panel(after, panel_px),
            detail_before=_detail(before, picture),
            detail_after=_detail(after, picture),
            faces=tuple(
                DrawnFace(f, _face(before, f.cut, _FACE_PX), _face(after, f.cut, _FACE_PX)) for f in picture.faces
            ),
        )

    def thumb(self, cut: FaceCut | None) -> Inline | None:
        """A small face from its source; every face of the page that lies in the same file is cut at the same time."""
        if cut is None:
            return None
        if cut.face_id not in self._thumbs:
            self._cut_thumbs(self._source(cut.original), self._cuts[cut.original.path, cut.original.frame])
        return self._thumbs[cut.face_id]

    def _source(self, original: Original) -> Image.Image | None:
        """A source; None also when the file is not the one that was restored any more."""
        file = self._input_root / original.path
        try:
            if file.stat().st_size != original.byte_count:
                return None
        except OSError:
            return None
        image = _opened(file, original, raw=original.format == "RAW")
        self._cut_thumbs(image, self._cuts[original.path, original.frame])
        return image

    def _cut_thumbs(self, image: Image.Image | None, cuts: Iterable[FaceCut]) -> None:
        for cut in cuts:
            if cut.face_id not in self._thumbs:
                self._thumbs[cut.face_id] = _face(image, cut, _THUMB_PX)

    @cached_property
    def _cuts(self) -> dict[tuple[str, int], list[FaceCut]]:
        """Every face that the page shows as a thumbnail, by the file and the frame it lies in."""
        page = self._page
        references = [r.cut for picture in page.pictures for face in picture.faces for r in face.references]
        references += [r.cut for person in page.people for r in person.references]
        by_frame: dict[tuple[str, int], list[FaceCut]] = defaultdict(list)
        for cut in [*references, *(person.best for person in page.people)]:
            if cut is not None:
                by_frame[cut.original.path, cut.original.frame].append(cut)
        return by_frame


def _opened(file: Path, original: Original, *, raw: bool) -> Image.Image | None:
    """A photo, or the frame of a film that is shown."""
    return load_frame(file, original.frame) if original.format == FILM else load(file, raw=raw)


def _panel(image: Image.Image | None, long_side_px: int) -> Inline | None:
    return None if image is None else inline(image, long_side_px)


def _detail(image: Image.Image | None, picture: Picture) -> Inline | None:
    if image is None:
        return None
    return inline(cut_square(image, picture.focus_px, picture.original.frame_px, _DETAIL_PX), _DETAIL_PX)


def _face(image: Image.Image | None, cut: FaceCut | None, side_px: int) -> Inline | None:
    if image is None or cut is None:
        return None
    return inline(cut_face(image, cut.box_px, cut.original.frame_px, side_px), side_px)
