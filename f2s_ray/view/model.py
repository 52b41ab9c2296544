"""What the report says, as small frozen values without pixels; made by compose, drawn by album, written by report."""

from dataclasses import dataclass

from f2s_catalog.records import Box

__all__ = [
    "Appearance",
    "Bar",
    "Curve",
    "FaceCut",
    "FaceStory",
    "Failure",
    "FilmStory",
    "Original",
    "Page",
    "Person",
    "Picture",
    "Reference",
    "ShotStory",
    "Stretch",
    "Summary",
    "Troubles",
]


@dataclass(frozen=True)
class Original:
    """A source: its path below INPUT, its size when it was read, its format, its upright width and height.

    Of a film ``frame`` is the number of the frame that is shown, ``scan`` how it was scanned, as ``FilmFacts`` says.
    """

    path: str
    byte_count: int
    format: str
    frame_px: tuple[int, int]
    frame: int = 0
    scan: str = ""


@dataclass(frozen=True)
class FaceCut:
    """Where a face can be cut out: a source and a box in its upright frame."""

    face_id: str
    original: Original
    box_px: Box


@dataclass(frozen=True)
class Reference:
    """A reference face and why it was chosen; ``cut`` is None when the face is no longer in the catalog."""

    cut: FaceCut | None
    path: str
    why: str


@dataclass(frozen=True)
class FaceStory:
    """What became of one face of a picture."""

    cut: FaceCut | None
    person: str
    person_anchor: str | None
    decision: str
    decision_words: str
    numbers: tuple[tuple[str, str], ...]
    reason: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Bar:
    """A measure before and after; fractions 0..1 are the lengths of the bars."""

    label: str
    before: str
    after: str
    before_fraction: float
    after_fraction: float
    verdict: str


@dataclass(frozen=True)
class ShotStory:
    """One shot of a film: when, how it was damaged, who told it."""

    span: str
    damage: str
    origin: str


@dataclass(frozen=True)
class Appearance:
    """When a person is seen in a film."""

    person: str
    person_anchor: str | None
    spans: str


@dataclass(frozen=True)
class Curve:
    """A value of the code over the time of a film: its name, lowest and highest, and x y in 0..100, y downward.

    The axis of y runs from 0 at the bottom to ``axis_end`` at the top.
    """

    label: str
    low: str
    high: str
    axis_end: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Stretch:
    """The seconds [start, stop) of a film that the page shows moving, and what is special about them."""

    start_seconds: float
    stop_seconds: float
    why: str


@dataclass(frozen=True)
class FilmStory:
    """What the page tells of a film beside one frame of it.

    ``ends`` are its begin and end on the clock, ``cuts`` where its shots begin but the first, x in 0..100 as in the
    curves; ``stretch`` is None where the page shows none moving.
    """

    shots: tuple[ShotStory, ...]
    shots_left_out: int
    appearances: tuple[Appearance, ...]
    curves: tuple[Curve, ...]
    ends: tuple[str, str]
    cuts: tuple[float, ...]
    stretch: Stretch | None


@dataclass(frozen=True)
class Picture:
    """All that the page tells about one restored picture, or about one frame of a film.

    ``result_path`` is below OUTPUT, ``focus_px`` the point of the source that the 1:1 detail shows.
    """

    anchor: str
    original: Original
    result_path: str
    focus_px: tuple[float, float]
    focus_words: str
    facts: tuple[str, ...]
    damage: str
    origin: str
    origin_words: str
    lender: str | None
    lender_anchor: str | None
    risk: str
    faces: tuple[FaceStory, ...]
    faces_left_out: int
    carried_over: tuple[str, ...]
    changed: tuple[str, ...]
    bars: tuple[Bar, ...]
    film: FilmStory | None


@dataclass(frozen=True)
class Person:
    """One identity of the people wall."""

    anchor: str
    label: str
    best: FaceCut | None
    counts: str
    certainty: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class Failure:
    """An item that a step gave up or left alone, with the reason."""

    path: str
    step: str
    kind: str
    message: str


@dataclass(frozen=True)
class Troubles:
    """The first of what failed or was skipped, by path, and how many there are in all."""

    rows: tuple[Failure, ...]
    count: int


@dataclass(frozen=True)
class Summary:
    """The first lines of the page."""

    sentence: str
    numbers: tuple[tuple[str, str], ...]
    models: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """The whole report without its pixels."""

    summary: Summary
    pictures: tuple[Picture, ...]
    picture_count: int
    people: tuple[Person, ...]
    person_count: int
    failures: Troubles
    skipped: Troubles
