"""The pictures of the page: a picture's story to its inlined panels, cuts and clip, a face's place to its thumbnail."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from f2s_catalog.place import Place
from PIL import Image

from f2s_ray.media.signatures import FILM
from f2s_ray.stages.films import Film
from f2s_ray.view.clip import Clip, make_clip, paired
from f2s_ray.view.model import FaceCut, FaceStory, Original, Page, Picture
from f2s_ray.view.pictures import Inline, cut_face, cut_square, inline, load_frame
from f2s_ray.view.shelf import Shelf
from f2s_ray.view.words import clock_words

__all__ = ["Album", "Drawn", "DrawnFace", "Moment"]

_PANEL_PX = 900
_SMALL_PANEL_PX = 640
_MANY_PICTURES = 40  # more than this, and panels get smaller, so that the page still opens on a phone
_DETAIL_PX = 304  # two fit beside each other on a desk, one into a phone of 360 px
_FACE_PX = 160
_THUMB_PX = 96
_MOMENTS = 3
_KEPT_REELS = 8
_WHOLE = "progressive"  # how a result is scanned, however its source was


@dataclass(frozen=True)
class DrawnFace:
    """A face before and after; None where a file is gone or cannot be read."""

    story: FaceStory
    before: Inline | None
    after: Inline | None


@dataclass(frozen=True)
class Moment:
    """A frame of a film and of its result side by side, and when it is shown."""

    when: str
    pair: Inline


@dataclass(frozen=True)
class Drawn:
    """A picture with all that is shown of it; None where a file is gone or cannot be read."""

    story: Picture
    before: Inline | None
    after: Inline | None
    detail_before: Inline | None
    detail_after: Inline | None
    faces: tuple[DrawnFace, ...]
    moments: tuple[Moment, ...]
    clip: Clip | None


class Album:
    """Opens each file when its turn comes, and keeps only thumbnails.

    Args:
        page: what will be shown.
        input_root: where the sources lie.
        output: where the results lie.
    """

    def __init__(self, page: Page, input_root: Place, output: Place) -> None:
        self._page = page
        self._sources, self._results = Shelf(input_root, _KEPT_REELS), Shelf(output, _KEPT_REELS)
        self._thumbs: dict[str, Inline | None] = {}

    def draw(self, picture: Picture) -> Drawn:
        """Panels, details and faces of one picture."""
        before = self._source(picture.original)
        after = self._result(picture)
        reels, stretch = self._reels(picture), picture.film.stretch if picture.film else None
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
            moments=_moments(*reels) if reels else (),
            clip=make_clip(*reels, (stretch.start_seconds, stretch.stop_seconds)) if reels and stretch else None,
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
        path, size = original.path, original.byte_count
        if original.format == FILM:
            image = _frame(self._sources.reel(path, original.scan, size), original.frame)
        else:
            image = self._sources.photo(path, size, raw=original.format == "RAW")
        self._cut_thumbs(image, self._cuts[original.path, original.frame])
        return image

    def _result(self, picture: Picture) -> Image.Image | None:
        path, original = picture.result_path, picture.original
        is_film = original.format == FILM
        return _frame(self._results.reel(path, _WHOLE), original.frame) if is_film else self._results.photo(path)

    def _reels(self, picture: Picture) -> tuple[Film, Film] | None:
        """A film and its result; None when one of them is gone, changed or cannot be read any more."""
        original = picture.original
        before = self._sources.reel(original.path, original.scan, original.byte_count) if picture.film else None
        after = self._results.reel(picture.result_path, _WHOLE) if before else None
        return (before, after) if before and after else None

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


def _frame(reel: Film | None, number: int) -> Image.Image | None:
    return load_frame(reel, number) if reel else None


def _moments(source: Film, result: Film) -> tuple[Moment, ...]:
    """Frames spread evenly over a film, not picked; without those that do not decode any more."""
    index = source.index
    numbers = sorted({index.frame_count * part // (2 * _MOMENTS) for part in range(1, 2 * _MOMENTS, 2)})
    pairs = ((number, paired(source, result, number)) for number in numbers)
    return tuple(
        Moment(clock_words(float(index.begin_seconds(number))), inline(pair, pair.width))
        for number, pair in pairs
        if pair is not None
    )


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
