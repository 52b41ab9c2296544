"""The tables of a film to its shots, the times when people are seen, and the course of its damage."""

from collections.abc import Mapping, Sequence

from f2s_catalog.records import DegradationCode, MediaItem, Shot

from f2s_ray.view.model import Appearance, Curve, FilmStory, ShotStory, Stretch
from f2s_ray.view.tables import Tables
from f2s_ray.view.words import blockiness_words, clock_words, code_words, noise_words

__all__ = ["ORIGINS", "damage_words", "film_story"]

_MOST_SHOTS = 40
_MOST_SPANS = 12
ORIGINS = {
    "face": "Read from its own faces",
    "borrowed": "Borrowed from another picture",
    "blind": "Blind: left to the restorer's own eye",
    "set": "Set by hand",
}
# name of the value, its label, how it is written, the end of its axis
_CURVES = (
    ("noise_sigma", "Noise, 0 is none", "{:.3f}", 0.06),
    ("blur_sigma_px", "Blur in px, 0 is none", "{:.1f}", 3.0),
    ("jpeg_quality", "JPEG quality, 100 is no compression", "{:.0f}", 100.0),
)


def film_story(tables: Tables, item: MediaItem, anchors: Mapping[str, str], stretch: Stretch | None) -> FilmStory:
    """What the page tells of a film; ``anchors`` are those of the people on it."""
    shots = tables.shots_by_media.get(item.media_id, [])
    return FilmStory(
        shots=tuple(_shot(tables, shot) for shot in shots[:_MOST_SHOTS]),
        shots_left_out=max(0, len(shots) - _MOST_SHOTS),
        appearances=_appearances(tables, item, anchors),
        curves=_curves(tables, shots),
        ends=(clock_words(shots[0].start_seconds), clock_words(shots[-1].stop_seconds)) if shots else ("", ""),
        cuts=tuple(_place(shots, shot.start_seconds) for shot in shots[1:]),
        stretch=stretch,
    )


def damage_words(tables: Tables, code: DegradationCode | None) -> str:
    """The code in words; of a blind one, what the frame itself shows."""
    if code is None:
        return "unknown"
    words = code_words(
        noise_sigma=code.noise_sigma,
        blur_sigma_px=code.blur_sigma_px,
        jpeg_quality=code.jpeg_quality,
        downscale=code.downscale,
    )
    seen = tables.measured.get(code.shot_id)
    if words or seen is None:
        return words or "not measured"
    noise, blocks = seen
    return f"{noise_words(noise)}, {blockiness_words(blocks)}, measured in the frame"


def _shot(tables: Tables, shot: Shot) -> ShotStory:
    code = tables.codes.get(shot.shot_id)
    return ShotStory(
        span=_span(shot.start_seconds, shot.stop_seconds),
        damage=damage_words(tables, code),
        origin=f"{ORIGINS[code.origin]}: {code.why}" if code else "Unknown",
    )


def _appearances(tables: Tables, item: MediaItem, anchors: Mapping[str, str]) -> tuple[Appearance, ...]:
    """Those seen longest first."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for identity, begin, end in tables.appearances.get(item.media_id, ()):
        spans.setdefault(identity, []).append((begin, end))
    order = sorted(spans, key=lambda identity: (-sum(b - a for a, b in spans[identity]), identity))
    known = tables.known
    return tuple(Appearance(known[one].label, anchors.get(one), _listed(spans[one])) for one in order if one in known)


def _listed(spans: Sequence[tuple[float, float]]) -> str:
    told = ", ".join(_span(begin, end) for begin, end in spans[:_MOST_SPANS])
    return told if len(spans) <= _MOST_SPANS else f"{told} and {len(spans) - _MOST_SPANS} more"


def _span(begin: float, end: float) -> str:
    return f"{clock_words(begin)} to {clock_words(end)}"


def _curves(tables: Tables, shots: Sequence[Shot]) -> tuple[Curve, ...]:
    """Steps: one a shot, or one a stretch where the damage changes inside it; nothing where no code was read."""
    curves = []
    for name, label, written, end in _CURVES:
        steps = [step for shot in shots for step in _steps(tables.codes.get(shot.shot_id), shot, name)]
        if steps:
            points = [
                (_place(shots, moment), 100 * (1 - min(1.0, max(0.0, value / end))))
                for start, stop, value in steps
                for moment in (start, stop)
            ]
            values = [value for _, _, value in steps]
            low, high = written.format(min(values)), written.format(max(values))
            curves.append(Curve(label, low, high, f"{end:g}", tuple(points)))
    return tuple(curves)


def _place(shots: Sequence[Shot], moment: float) -> float:
    """A moment on the axis of time, 0..100."""
    begin, stop = shots[0].start_seconds, shots[-1].stop_seconds
    return 100 * (moment - begin) / max(stop - begin, 1e-6)


def _steps(code: DegradationCode | None, shot: Shot, name: str) -> list[tuple[float, float, float]]:
    """Begin, end and value of each stretch of a shot."""
    if code is None or getattr(code, name) is None:
        return []
    if not code.changes:
        return [(shot.start_seconds, shot.stop_seconds, getattr(code, name))]
    starts = [shot.start_seconds, *(change.seconds for change in code.changes[1:]), shot.stop_seconds]
    return [(starts[i], starts[i + 1], getattr(change, name)) for i, change in enumerate(code.changes)]
