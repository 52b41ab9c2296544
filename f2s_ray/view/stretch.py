"""The tables of a film to the few seconds of it that the page shows moving; pure, no pixels."""

from collections.abc import Sequence

from f2s_catalog.records import MediaItem, Shot

from f2s_ray.view.model import Stretch
from f2s_ray.view.tables import Tables

__all__ = ["choose_stretch"]

_CLIP_SECONDS = 3.0
_SIGHTING_SECONDS = 0.04  # a face that was met in one frame only is seen for about that frame

Span = tuple[float, float]


def choose_stretch(tables: Tables, item: MediaItem, frame: int) -> Stretch | None:
    """Three seconds inside one shot, or the whole of a shorter one; None for a film without shots.

    Of all such stretches the one in which people are seen longest: two people who are there all the time make six
    seconds. Among equal ones the nearest to the frame that the page shows large. Where nobody is seen, the middle of
    the longest shot.

    Args:
        tables: of the catalog.
        item: the film.
        frame: the one that the page shows large.
    """
    shots = tables.shots_by_media.get(item.media_id, [])
    if not shots:
        return None
    seen = _seen(tables, item)
    if not seen:
        longest = max(shots, key=lambda shot: shot.stop_seconds - shot.start_seconds)
        return Stretch(*_around((longest.start_seconds + longest.stop_seconds) / 2, longest), "the longest shot")
    near = _moment(shots, frame)

    def worth(span: Span) -> tuple[float, float]:
        return round(sum(_overlap(span, each) for each in seen), 3), -round(abs(sum(span) / 2 - near), 3)

    best = max((span for shot in shots for span in _candidates(shot, seen, near)), key=worth)
    return Stretch(*best, "where people are seen longest")


def _seen(tables: Tables, item: MediaItem) -> list[Span]:
    """When each track is seen, known or unknown."""
    faces = [face for face in tables.faces.values() if face.media_id == item.media_id]
    spans = {face.track_id or face.face_id: (face.seen_from_seconds, face.seen_to_seconds) for face in faces}
    return sorted((begin, max(end, begin + _SIGHTING_SECONDS)) for begin, end in spans.values())


def _candidates(shot: Shot, seen: Sequence[Span], near: float) -> list[Span]:
    """Stretches of a shot of which one is the best: the seconds seen rise no more where a face comes in or goes out."""
    half = _CLIP_SECONDS / 2
    inside = [span for span in seen if _overlap(span, (shot.start_seconds, shot.stop_seconds)) > 0]
    middles = [near, *(moment for begin, end in inside for moment in (begin + half, (begin + end) / 2, end - half))]
    return [_around(middle, shot) for middle in middles]


def _around(middle: float, shot: Shot) -> Span:
    """The stretch around a moment, moved as little as needed to lie in the shot."""
    begin = min(middle - _CLIP_SECONDS / 2, shot.stop_seconds - _CLIP_SECONDS)
    begin = max(begin, shot.start_seconds)
    return begin, min(begin + _CLIP_SECONDS, shot.stop_seconds)


def _overlap(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _moment(shots: Sequence[Shot], frame: int) -> float:
    """About when a frame is shown."""
    shot = next((each for each in shots if each.first_frame <= frame < each.stop_frame), shots[0])
    share = (frame - shot.first_frame) / max(1, shot.stop_frame - shot.first_frame)
    return shot.start_seconds + share * (shot.stop_seconds - shot.start_seconds)
