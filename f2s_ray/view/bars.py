"""A quality row to bars: each measure before and after, and which way it went."""

from f2s_catalog.records import QualityReport

from f2s_ray.view.model import Bar
from f2s_ray.view.words import change_words

__all__ = ["quality_bars"]

_FULL_NOISE = 0.1  # a bar of full length; noise beyond it is rare
_LEAST_NOISE = 0.002
_LEAST_SCORE = 0.02  # one more or less of the last digit that is shown is nothing that anybody sees


def quality_bars(report: QualityReport) -> tuple[Bar, ...]:
    """Noise, sharpness, blocks and, where there is a known face, likeness."""
    bars = [
        _bar("Noise", report.noise_before, report.noise_after, ("less noise", "same noise", "more noise")),
        _bar("Sharpness", report.sharpness_before, report.sharpness_after, ("softer", "as sharp", "sharper")),
        _bar("Blocks", report.blockiness_before, report.blockiness_after, ("fewer blocks", "same", "more blocks")),
    ]
    if report.identity_before is not None and report.identity_after is not None:
        words = ("less like the person", "as like the person", "more like the person")
        bars.append(_bar("Likeness", report.identity_before, report.identity_after, words))
    return tuple(bars)


def _bar(label: str, before: float, after: float, words: tuple[str, str, str]) -> Bar:
    noise = label == "Noise"
    full, digits = (_FULL_NOISE, 3) if noise else (1.0, 2)
    return Bar(
        label=label,
        before=f"{before:.{digits}f}",
        after=f"{after:.{digits}f}",
        before_fraction=_fraction(before / full),
        after_fraction=_fraction(after / full),
        verdict=change_words(before, after, words, least=_LEAST_NOISE if noise else _LEAST_SCORE),
    )


def _fraction(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 3)
