"""Numbers to plain words, for people who read the report; nothing here knows a record."""

import unicodedata
from collections.abc import Sequence

__all__ = [
    "blockiness_words",
    "blur_words",
    "change_words",
    "clock_words",
    "code_words",
    "compression_words",
    "count_words",
    "decision_words",
    "duration_words",
    "noise_words",
    "shrink_words",
    "visible",
]

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # Persian names and emoji need them, and they cannot turn a text around
_NO_COMPRESSION = 95.0
_NO_SHRINKING = 1.15


def visible(text: str) -> str:
    r"""Show what a text hides: control and direction characters become their escapes.

    >>> visible("cat\u202egpj.exe"), visible("two\nlines"), visible("Zoë")
    ('cat\\u202egpj.exe', 'two\\x0alines', 'Zoë')
    """
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN and c not in _JOINERS else c for c in text)


def noise_words(sigma: float) -> str:
    """Noise of standard deviation ``sigma`` on a 0..1 scale.

    >>> noise_words(0.002), noise_words(0.04)
    ('no visible noise', 'noise clearly visible (sigma 0.04)')
    """
    word = _grade(sigma, (0.008, 0.02, 0.06), ("", "noise faintly visible", "noise clearly visible", "strong noise"))
    return f"{word} (sigma {sigma:.2g})" if word else "no visible noise"


def blur_words(sigma_px: float) -> str:
    """Blur of standard deviation ``sigma_px`` in pixels.

    >>> blur_words(0.3), blur_words(1.1), blur_words(4)
    ('no visible blur', 'slight blur (1.1 px)', 'strong blur (4.0 px)')
    """
    word = _grade(sigma_px, (0.6, 1.5, 3.0), ("", "slight blur", "clear blur", "strong blur"))
    return f"{word} ({sigma_px:.1f} px)" if word else "no visible blur"


def compression_words(jpeg_quality: float) -> str:
    """Compression as the JPEG quality 1..100 that would do the same.

    >>> compression_words(35.2), compression_words(99)
    ('JPEG about quality 35', 'no visible compression')
    """
    return f"JPEG about quality {jpeg_quality:.0f}" if jpeg_quality < _NO_COMPRESSION else "no visible compression"


def shrink_words(factor: float) -> str:
    """How many times the picture was once smaller; empty when it was not.

    >>> shrink_words(2), shrink_words(1.02)
    ('once 2.0 times smaller', '')
    """
    return f"once {factor:.1f} times smaller" if factor >= _NO_SHRINKING else ""


def blockiness_words(strength: float) -> str:
    """The 8x8 grid that compression leaves, 0..1.

    >>> blockiness_words(0.01), blockiness_words(0.3)
    ('no visible blocks', 'clear blocks of compression (0.30)')
    """
    word = _grade(strength, (0.05, 0.2, 0.5), ("", "faint blocks", "clear blocks", "strong blocks"))
    return f"{word} of compression ({strength:.2f})" if word else "no visible blocks"


def code_words(
    *, noise_sigma: float | None, blur_sigma_px: float | None, jpeg_quality: float | None, downscale: float | None
) -> str:
    """The whole damage in one line; what is unknown is left out, so all unknown gives an empty text.

    >>> code_words(noise_sigma=0.04, blur_sigma_px=1.1, jpeg_quality=35, downscale=1.0)
    'noise clearly visible (sigma 0.04), slight blur (1.1 px), JPEG about quality 35'
    """
    parts = (
        "" if noise_sigma is None else noise_words(noise_sigma),
        "" if blur_sigma_px is None else blur_words(blur_sigma_px),
        "" if jpeg_quality is None else compression_words(jpeg_quality),
        "" if downscale is None else shrink_words(downscale),
    )
    return ", ".join(part for part in parts if part)


def decision_words(decision: str, weight: float) -> str:
    """What the gate did with a face; ``weight`` is the share of the restored face, 0..1.

    >>> decision_words("restored", 1), decision_words("blended", 0.4), decision_words("kept", 0)
    ('Restored', 'Blended in by 40 %', 'Not pasted in')
    """
    whole = {"restored": "Restored", "kept": "Not pasted in"}
    return whole.get(decision, f"Blended in by {100 * weight:.0f} %")


def change_words(before: float, after: float, words: Sequence[str], *, least: float) -> str:
    """Which way a measure went: ``words`` for lower, the same and higher; a change below ``least`` is the same.

    >>> change_words(0.05, 0.01, ("less noise", "same noise", "more noise"), least=0.003)
    'less noise'
    """
    lower, same, higher = words
    if abs(after - before) < least:
        return same
    return lower if after < before else higher


def count_words(count: int, one: str, many: str) -> str:
    """A number with its noun.

    >>> count_words(1, "photo", "photos"), count_words(1204, "photo", "photos")
    ('1 photo', '1,204 photos')
    """
    return f"{count:,} {one if count == 1 else many}"


def duration_words(seconds: float) -> str:
    """A span of time with two units at most.

    >>> duration_words(0.42), duration_words(42), duration_words(200), duration_words(7500)
    ('0.4 s', '42 s', '3 min 20 s', '2 h 5 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clock_words(seconds: float) -> str:
    """A moment of a film.

    >>> clock_words(4.25), clock_words(75), clock_words(3723.5)
    ('0:04.2', '1:15.0', '1:02:03.5')
    """
    tenths = int(10 * seconds + 1e-6)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02d}.{rest % 10}"


def _grade(value: float, bounds: tuple[float, ...], words: tuple[str, ...]) -> str:
    """The word for the interval that ``value`` falls in."""
    return words[sum(value >= bound for bound in bounds)]


def _escape(character: str) -> str:
    """The escape of one character, as Python writes it."""
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
