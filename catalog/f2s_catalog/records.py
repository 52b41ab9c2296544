"""The vocabulary: one frozen record a table; Arrow schemas and the data dictionary are derived from here.

Conventions: boxes are x0 y0 x1 y1 in pixels of the upright frame, intervals are [start, stop), scores are 0..1,
units stand in the names. Paths are relative to INPUT or OUTPUT with ``/`` between parts. Records point, they never
carry pixels.
"""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "TABLES",
    "Attempt",
    "CodeChange",
    "CodeEstimate",
    "Constraint",
    "DegradationCode",
    "Erasure",
    "Face",
    "FaceGate",
    "FaceMark",
    "FilmFacts",
    "Identity",
    "Label",
    "MediaItem",
    "QualityReport",
    "Record",
    "ReferenceChoice",
    "ReferenceSet",
    "RegionCode",
    "RestoreTask",
    "RestoredMedia",
    "RestoredSegment",
    "Shot",
    "Sighting",
    "Source",
    "TaskFace",
    "TrackGate",
]

Box = tuple[float, float, float, float]
Made = Literal["item", "whole", "said"]
Landmarks = tuple[float, float, float, float, float, float, float, float, float, float]


class Record(BaseModel):
    """A frozen row: ``TABLE`` names its table, ``KEY`` the columns that tell rows apart, ``BIOMETRIC`` its place.

    ``MADE`` says how rows come and go: ``item``, by the steps that work on items, a row for each current attempt;
    ``whole``, by a reduction that replaces the table each time; ``said``, appended by people, and never taken back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    TABLE: ClassVar[str] = ""
    KEY: ClassVar[tuple[str, ...]] = ()
    BIOMETRIC: ClassVar[bool] = False
    MADE: ClassVar[Made] = "item"


class Source(Record):
    """A thing found under INPUT in the latest listing."""

    TABLE: ClassVar[str] = "sources"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("path",)
    path: str = Field(description="path below INPUT")
    byte_count: int = Field(description="size of the file; 0 for what is not a file")
    modified_ns: int = Field(description="time of the last change, nanoseconds since 1970")
    etag: str = Field(
        "", description="of an object in a bucket its ETag, which changes with its bytes; of a file nothing"
    )
    trouble: str | None = Field(description="why it cannot be an item (directory, link, special file, name), else null")


class FilmFacts(Record):
    """What a film is besides a row of pictures."""

    container: str = Field(description="container as its demuxer is called: mov,mp4,... matroska,webm avi")
    codec: str = Field(description="codec of the picture")
    pixel_format: str = Field(description="pixel format as FFmpeg names it")
    frame_count: int = Field(description="frames that are shown")
    hidden_frame_count: int = Field(description="frames that an edit list hides; they are not restored")
    start_seconds: float = Field(description="presentation time of the first frame")
    duration_seconds: float = Field(description="from the first frame to the end of the last")
    frame_rate: str = Field(description="frames a second as a fraction, the mean where it varies")
    is_variable: bool = Field(description="the frames keep no common step")
    sample_aspect: str = Field(description="width of a pixel over its height, a fraction; 1/1 where not said")
    rotation_degrees: int = Field(description="clockwise turn that sets a stored frame upright, after mirroring")
    is_mirrored: bool = Field(description="the stored frame is mirrored left to right")
    colour_tags: str = Field(
        description="primaries/transfer/matrix/range as the numbers of H.273; 2/2/2/0 is nothing said"
    )
    scan: Literal["progressive", "tff", "bff", "unknown"] = Field(
        description="measured: whole frames, or two fields each, the top or the bottom one first"
    )
    timecode: str | None = Field(description="the timecode of the first frame, if there is one")
    streams: tuple[str, ...] = Field(description="all streams but the picture, in words: audio aac eng")
    chapter_count: int = Field(description="chapters")
    attachment_count: int = Field(description="attached files")
    damage: str | None = Field(description="what is wrong with the file, in words; null where nothing is")


class MediaItem(Record):
    """A photo or a film that was recognised by its content."""

    TABLE: ClassVar[str] = "media"
    KEY: ClassVar[tuple[str, ...]] = ("media_id",)
    media_id: str = Field(description="digest of the path and the bytes")
    path: str = Field(description="path below INPUT")
    content_digest: str = Field(description="SHA-256 of the bytes")
    byte_count: int = Field(description="size of the file")
    modified_ns: int = Field(description="time of the last change of the source, nanoseconds since 1970")
    etag: str = Field("", description="of an object in a bucket its ETag, as it was read")
    kind: Literal["photo", "film"] = Field(description="a photo is one shot of one frame")
    format: str = Field(description="by content, not by name: JPEG, PNG, TIFF, WEBP, HEIF, AVIF, RAW, FILM")
    width_px: int = Field(description="width of the upright first page or frame")
    height_px: int = Field(description="height of the upright first page or frame")
    orientation: int = Field(description="EXIF orientation 1..8 of the stored picture")
    page_count: int = Field(description="pages of a TIFF, else 1")
    bit_depth: int = Field(description="bits per sample as stored: 1, 8, 10, 12, 16")
    colour: Literal["rgb", "grey", "cmyk", "palette"] = Field(description="colour model as stored")
    has_alpha: bool = Field(description="the picture has transparency")
    has_icc: bool = Field(description="an ICC profile is embedded")
    has_exif: bool = Field(description="EXIF is present")
    has_xmp: bool = Field(description="XMP is present")
    has_iptc: bool = Field(description="IPTC is present")
    captured_at: str | None = Field(description="EXIF capture time, ISO 8601 without zone, if known")
    camera: str | None = Field(description="EXIF make and model, or scanner, if known")
    film: FilmFacts | None = Field(description="what is known of a film; null for a photo")


class Shot(Record):
    """A run of frames with one damage; a photo is one shot of one frame."""

    TABLE: ClassVar[str] = "shots"
    KEY: ClassVar[tuple[str, ...]] = ("shot_id",)
    shot_id: str = Field(description="media_id/index")
    media_id: str = Field(description="the medium it is part of")
    start_seconds: float = Field(description="presentation time of the first frame; 0 for a photo")
    stop_seconds: float = Field(description="presentation time of the end; 0 for a photo")
    first_frame: int = Field(description="index of the first frame")
    stop_frame: int = Field(description="index after the last frame")
    cut_score: float = Field(description="how sure the cut at its start is, 0..1; 1 for a photo")


class Face(Record):
    """A face in a frame."""

    TABLE: ClassVar[str] = "faces"
    KEY: ClassVar[tuple[str, ...]] = ("face_id",)
    BIOMETRIC: ClassVar[bool] = True
    face_id: str = Field(
        description="shot_id/frame.XxYxW, centre and width of its box in whole pixels: it does not depend on who else is found"
    )
    shot_id: str = Field(description="the shot it was seen in")
    media_id: str = Field(description="the medium it was seen in")
    track_id: str | None = Field(description="track inside the shot; null in photos")
    frame: int = Field(description="number of the frame in the film; 0 for a photo")
    pts_seconds: float = Field(description="presentation time of the frame; 0 for a photo")
    seen_from_seconds: float = Field(description="when its track begins to be seen; 0 for a photo")
    seen_to_seconds: float = Field(description="when its track was last seen; 0 for a photo")
    box_px: Box = Field(description="x0 y0 x1 y1 in the upright frame")
    landmarks_px: Landmarks = Field(
        description="x y of the eye at the left of the picture, the other eye, nose tip, mouth corners left and right"
    )
    score: float = Field(description="detector's confidence, 0..1")
    face_px: float = Field(description="shorter side of the box")
    sharpness: float = Field(description="0 blurred .. 1 sharp, of the aligned face at its native size")
    yaw_degrees: float = Field(description="turn of the head: 0 frontal, positive to the right of the picture")
    quality: float = Field(description="0..1: size, sharpness, pose and confidence together; ranks references")
    embedding: tuple[float, ...] = Field(description="unit vector of the embedder; its length is the embedder's")
    embedder: str = Field(description="name@digest of the embedder")


class Identity(Record):
    """A person, as far as pictures tell."""

    TABLE: ClassVar[str] = "identities"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("identity_id",)
    BIOMETRIC: ClassVar[bool] = True
    identity_id: str = Field(description="stable over re-runs, new pictures and a new embedder")
    number: int = Field(
        description="counted up as identities are found, kept as long as the identity is; its label is Person N"
    )
    face_ids: tuple[str, ...] = Field(description="its faces, best quality first")
    confirmed_face_ids: tuple[str, ...] = Field(description="those of them that a person said are this one")
    primary_face_id: str = Field(description="the face it is shown by: chosen by a person, else the best")
    centroid: tuple[float, ...] = Field(description="unit vector, quality-weighted mean of the embeddings")
    cohesion: float = Field(description="mean cosine of its faces to the centroid; 1 for a single face")
    margin: float = Field(description="1 - cosine to the centroid of the nearest other identity")
    nearest_id: str | None = Field(description="that nearest other identity; null for the only one")
    name: str | None = Field(description="given by a person, else null")
    is_ignored: bool = Field(description="a person said that nobody needs to see this one")


class Sighting(Record):
    """Somebody seen in a file of the latest listing: a face of a photo, or a track of a film. Made for questions."""

    TABLE: ClassVar[str] = "sightings"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("identity_id", "path", "track_id")
    BIOMETRIC: ClassVar[bool] = True
    identity_id: str = Field(description="who; rows lie in the order of the key, so that one person's are read alone")
    path: str = Field(description="path below INPUT")
    track_id: str = Field(description="the track; in a photo the face")
    media_id: str = Field(description="the medium")
    kind: Literal["photo", "film"] = Field(description="a photo or a film")
    face_id: str = Field(description="the best face of the track")
    face_count: int = Field(description="faces of the track that are kept")
    seen_from_seconds: float = Field(description="when the track begins to be seen; 0 for a photo")
    seen_to_seconds: float = Field(description="when it was last seen; 0 for a photo")
    is_confirmed: bool = Field(description="a person said who it is")
    likeness: float = Field(description="cosine of the best face to the identity's centroid")
    is_first: bool = Field(description="the first row of this person in this file: such rows count files")
    company: tuple[str, ...] = Field(
        description="in a first row the identity_ids of all who are seen in the file, those first who come first; else empty"
    )


class FaceMark(Record):
    """A face as a statement remembers it: found again where its id is gone, by the bytes, the frame and the box."""

    face_id: str = Field(description="the face when it was said")
    content_digest: str = Field(description="SHA-256 of the medium's bytes, whatever its path")
    frame: int = Field(description="number of the frame in a film; 0 for a photo")
    box_px: Box = Field(description="x0 y0 x1 y1 in the upright frame")


class Label(Record):
    """What a person said about one identity; the latest counts, nothing is overwritten."""

    TABLE: ClassVar[str] = "labels"
    MADE: ClassVar[Made] = "said"
    KEY: ClassVar[tuple[str, ...]] = ("fact_id",)
    BIOMETRIC: ClassVar[bool] = True
    fact_id: str = Field(description="sorts in the order in which things were said")
    said_at: str = Field(description="when, ISO 8601 in UTC")
    said_by: str = Field(description="who: a user's name, or the program that names were read from")
    kind: Literal["name", "confirm", "reject", "ignore", "notice", "primary"] = Field(
        description="is called so; these faces are it; these are not; need not be seen; is to be seen again; is shown by this face"
    )
    identity_id: str = Field(description="whom it is about")
    name: str | None = Field(description="of kind name: the name, null to take it away; else null")
    faces: tuple[FaceMark, ...] = Field(
        description="the faces that it is about; of kind name and ignore the one that was shown"
    )


class Constraint(Record):
    """What a person said about two identities."""

    TABLE: ClassVar[str] = "constraints"
    MADE: ClassVar[Made] = "said"
    KEY: ClassVar[tuple[str, ...]] = ("fact_id",)
    BIOMETRIC: ClassVar[bool] = True
    fact_id: str = Field(description="sorts in the order in which things were said, among labels, too")
    said_at: str = Field(description="when, ISO 8601 in UTC")
    said_by: str = Field(description="who: a user's name, or the program that names were read from")
    kind: Literal["same", "not_same"] = Field(description="both are one person, called by the first id; or are not")
    identity_id: str = Field(description="one of them; of kind same the one that goes on")
    other_id: str = Field(description="the other one")
    faces: tuple[FaceMark, ...] = Field(
        description="faces of the first when it was said: all of kind same, else the one shown"
    )
    other_faces: tuple[FaceMark, ...] = Field(description="the same of the other")


class Erasure(Record):
    """Somebody was erased: where nobody is to look again, and which names not to read. It tells who only to who guesses a name."""

    TABLE: ClassVar[str] = "erasures"
    MADE: ClassVar[Made] = "said"
    KEY: ClassVar[tuple[str, ...]] = ("erasure_id",)
    erasure_id: str = Field(description="names the certificate, too")
    said_at: str = Field(description="when, ISO 8601 in UTC")
    said_by: str = Field(description="who: a user's name")
    places: tuple[FaceMark, ...] = Field(
        description="the faces, without their ids; of a track of a film one each half second, from its begin to its end"
    )
    name_salt: str = Field(description="16 random bytes in hexadecimal, the same for all rows of an archive")
    name_digests: tuple[str, ...] = Field(
        description="scrypt (n 4096, r 8, p 1, 16 bytes) of what they were called and nobody else is, folded (NFKC, casefold,"
        " single spaces), with the salt: names in photos and sidecars that have one of these are not taken over"
    )


class ReferenceChoice(Record):
    """One reference and why it was chosen."""

    face_id: str = Field(description="the reference face")
    quality: float = Field(description="its quality, 0..1")
    sharpness: float = Field(description="its sharpness, 0..1")
    yaw_degrees: float = Field(description="its pose")
    face_px: float = Field(description="its size")
    why: str = Field(description="in words, e.g. 'sharpest', 'adds a left profile'")


class ReferenceSet(Record):
    """The pictures of a person that restore the others."""

    TABLE: ClassVar[str] = "references"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("identity_id",)
    BIOMETRIC: ClassVar[bool] = True
    identity_id: str = Field(description="whose references")
    choices: tuple[ReferenceChoice, ...] = Field(description="best first; may be empty when no face is good enough")


class RegionCode(Record):
    """What the faces of one part of a picture tell, where the damage is not the same everywhere."""

    x: float = Field(description="centre of its faces, as a fraction of the width of the upright picture")
    y: float = Field(description="the same of the height")
    code: tuple[float, ...] = Field(description="21 grid-pooled feature vectors, row by row")
    signature: tuple[float, ...] = Field(description="unit vector of the damage")
    blur_sigma_px: float = Field(description="blur, standard deviation in pixels")
    noise_sigma: float = Field(description="noise, standard deviation on a 0..1 scale")
    jpeg_quality: float = Field(description="compression, 1..100; 100 is none")
    downscale: float = Field(description="factor by which it was once smaller, 1 is none")
    face_ids: tuple[str, ...] = Field(description="the faces that told it")


class CodeChange(Record):
    """What the faces tell from a frame of a shot on, where the damage changes inside it."""

    first_frame: int = Field(
        description="frame that told it first; it holds from there on, that of the first from the shot's start"
    )
    seconds: float = Field(description="presentation time of that frame")
    code: tuple[float, ...] = Field(description="21 grid-pooled feature vectors, row by row")
    signature: tuple[float, ...] = Field(description="unit vector of the damage")
    blur_sigma_px: float = Field(description="blur, standard deviation in pixels")
    noise_sigma: float = Field(description="noise, standard deviation on a 0..1 scale")
    jpeg_quality: float = Field(description="compression, 1..100; 100 is none")
    downscale: float = Field(description="factor by which it was once smaller, 1 is none")
    face_ids: tuple[str, ...] = Field(description="the faces that told it")


class CodeEstimate(Record):
    """What the faces of one shot tell about its damage, and what the frame itself shows."""

    TABLE: ClassVar[str] = "estimates"
    KEY: ClassVar[tuple[str, ...]] = ("shot_id",)
    shot_id: str = Field(description="the shot")
    code: tuple[float, ...] = Field(
        description="21 grid-pooled feature vectors, row by row; empty without a usable face"
    )
    signature: tuple[float, ...] = Field(
        description="unit vector of the damage, for comparing; empty without a usable face"
    )
    blur_sigma_px: float | None = Field(description="blur read from the faces, standard deviation in pixels")
    noise_sigma: float | None = Field(description="noise read from the faces, standard deviation on a 0..1 scale")
    jpeg_quality: float | None = Field(description="compression read from the faces, 1..100; 100 is none")
    downscale: float | None = Field(description="factor by which the picture was once smaller, 1 is none")
    face_ids: tuple[str, ...] = Field(description="the faces that voted")
    agreement: float | None = Field(description="lowest cosine between two voting faces; 1 for one face")
    regions: tuple[RegionCode, ...] = Field(
        description="two or more where faces disagree about the damage; else empty. The code is then their mean"
    )
    changes: tuple[CodeChange, ...] = Field(
        description="two or more where the damage changes in the course of a shot; else empty. The code is then their mean"
    )
    noise_measured: float = Field(description="noise measured in the frame without a face, 0..1 scale")
    sharpness_measured: float = Field(description="sharpness measured in the frame, 0..1")
    blockiness_measured: float = Field(description="strength of the 8x8 grid measured in the frame, 0..1")
    estimator: str = Field(description="name@digest of the networks that read it")


class DegradationCode(Record):
    """The code that steers the restoration of a shot."""

    TABLE: ClassVar[str] = "degradations"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("shot_id",)
    shot_id: str = Field(description="the shot")
    origin: Literal["face", "borrowed", "blind", "set"] = Field(
        description="read from its own faces, taken from a shot like it, left to the restorer's own eye, or set by a person"
    )
    lender_shot_id: str | None = Field(description="the shot that lent its code")
    why: str = Field(description="in words: which faces, why this lender, or why blind")
    code: tuple[float, ...] = Field(description="as in estimates; empty when blind")
    signature: tuple[float, ...] = Field(description="as in estimates; empty when blind")
    blur_sigma_px: float | None = Field(description="as in estimates")
    noise_sigma: float | None = Field(description="as in estimates")
    jpeg_quality: float | None = Field(description="as in estimates")
    downscale: float | None = Field(description="as in estimates")
    agreement: float | None = Field(description="as in estimates")
    regions: tuple[RegionCode, ...] = Field(description="as in estimates; never borrowed")
    changes: tuple[CodeChange, ...] = Field(description="as in estimates; never borrowed")
    estimator: str = Field(description="name@digest of the networks that read it")


class TaskFace(Record):
    """A face that a task restores."""

    face_id: str = Field(description="the face")
    identity_id: str | None = Field(description="whose face")
    reference_face_ids: tuple[str, ...] = Field(
        description="its references, best first; empty: left to the scene restorer"
    )
    other_face_ids: tuple[str, ...] = Field(
        description="faces of the nearest other identity, that the result must not come near; empty: nobody is known"
    )


class RestoreTask(Record):
    """One piece of work of the dearest step, readable before it is run."""

    TABLE: ClassVar[str] = "tasks"
    MADE: ClassVar[Made] = "whole"
    KEY: ClassVar[tuple[str, ...]] = ("task_id",)
    task_id: str = Field(description="digest of all that decides the result")
    shot_id: str = Field(description="what is restored")
    media_id: str = Field(description="the medium it is part of")
    path: str = Field(description="path below INPUT, and below OUTPUT/restored")
    first_frame: int = Field(description="number of the first frame; 0 for a photo")
    stop_frame: int = Field(description="number after the last frame; 1 for a photo")
    code_origin: str = Field(description="face, borrowed, blind or set")
    faces: tuple[TaskFace, ...] = Field(description="the faces to restore")
    restorer: str = Field(description="name@digest of the networks, their number format and threads")
    tile_px: int = Field(
        description="side of a tile; a smaller picture is one tile, and regions may ask for smaller ones"
    )
    overlap_px: int = Field(description="how far neighbouring tiles overlap")
    seed: int = Field(description="seed of all randomness, from the task's other fields")
    megapixels: float = Field(description="size of the pictures, all pages or frames")
    expected_seconds: float = Field(description="expected time of the restore step on this kind of machine")
    risk: str = Field(description="what to look at, in words; empty when nothing stands out")
    planned_on: str = Field(description="day of the plan, written into the result as the date of the edit")


class FaceGate(Record):
    """What became of one face, and why."""

    face_id: str = Field(description="the face")
    identity_id: str | None = Field(description="whose face")
    reference_face_ids: tuple[str, ...] = Field(description="references used")
    decision: Literal["restored", "blended", "kept"] = Field(description="pasted whole, in part, or not at all")
    weight: float = Field(description="share of the restored face in the result, 0..1")
    similarity_before: float | None = Field(description="cosine to its person before; null when nobody is known")
    similarity_after: float | None = Field(description="cosine to its person after")
    other_before: float | None = Field(description="cosine to the nearest other person before")
    other_after: float | None = Field(description="cosine to the nearest other person after")
    self_similarity: float = Field(description="cosine between the face before and after")
    reason: str = Field(description="in words")


class TrackGate(Record):
    """What is to become of a face in all frames of its track, and why: decided once, so that it does not change on the way."""

    TABLE: ClassVar[str] = "track_gates"
    KEY: ClassVar[tuple[str, ...]] = ("track_id",)
    track_id: str = Field(description="the track")
    shot_id: str = Field(description="the shot")
    media_id: str = Field(description="the film")
    face_ids: tuple[str, ...] = Field(description="the faces it was decided on")
    version: str = Field(description="which version of the face stands, in words")
    gate: FaceGate = Field(description="the numbers that decided, of the best of these faces")


class RestoredSegment(Record):
    """The restored pixels of one task, written aside and not yet in the result tree."""

    TABLE: ClassVar[str] = "restored_segments"
    KEY: ClassVar[tuple[str, ...]] = ("task_id",)
    task_id: str = Field(description="the task")
    shot_id: str = Field(description="the shot")
    media_id: str = Field(description="the medium it is part of")
    path: str = Field(description="path below OUTPUT where it was written aside")
    digest: str = Field(description="SHA-256 of the file")
    byte_count: int = Field(description="size of the file")
    first_frame: int = Field(description="number of the first frame; 0 for a photo")
    frame_count: int = Field(description="frames, or pages of a photo")
    carried_over: tuple[str, ...] = Field(description="what was kept from the source: exif, icc, alpha, ...")
    changed: tuple[str, ...] = Field(description="allowed changes, each with its reason")
    faces: tuple[TaskFace, ...] = Field(description="whose faces they were when this was made, and by which references")
    gates: tuple[FaceGate, ...] = Field(description="faces of a photo and what became of them; of a film: track_gates")
    seconds: float = Field(description="measured time of the step, without waiting for its turn")
    model_seconds: float = Field(description="time inside the networks")
    peak_memory_bytes: int = Field(description="peak resident memory of the worker so far")


class RestoredMedia(Record):
    """A medium whose result is whole and in its place."""

    TABLE: ClassVar[str] = "restored"
    KEY: ClassVar[tuple[str, ...]] = ("media_id",)
    media_id: str = Field(description="the medium")
    task_id: str = Field(description="the task that made it; of several the digest of their ids")
    path: str = Field(description="path below OUTPUT")
    digest: str = Field(description="SHA-256 of the result")
    byte_count: int = Field(description="size of the result")
    source_digest: str = Field(description="SHA-256 of the source")
    models: tuple[str, ...] = Field(description="name@digest of each network that had a part")
    faces: tuple[TaskFace, ...] = Field(description="whose faces they were when this was made, and by which references")
    names_digest: str = Field(
        description="SHA-256 of the lines 'face_id name' of the names that its regions bear; empty: none"
    )
    carried_over: tuple[str, ...] = Field(description="what was kept from the source")
    changed: tuple[str, ...] = Field(description="allowed changes, each with its reason")


class QualityReport(Record):
    """No-reference measures before and after."""

    TABLE: ClassVar[str] = "quality"
    KEY: ClassVar[tuple[str, ...]] = ("media_id",)
    media_id: str = Field(description="the medium")
    task_id: str = Field(description="the task that made the result")
    noise_before: float = Field(description="noise standard deviation measured in the source, 0..1 scale")
    noise_after: float = Field(description="the same in the result")
    sharpness_before: float = Field(description="sharpness of the source, 0..1")
    sharpness_after: float = Field(description="the same of the result")
    blockiness_before: float = Field(description="8x8 grid in the source, 0..1")
    blockiness_after: float = Field(description="the same in the result")
    change_rms: float = Field(description="root mean square difference of result and source, 0..1 scale")
    identity_before: float | None = Field(description="mean cosine of the faces to their persons before; null without")
    identity_after: float | None = Field(description="the same after")


class Attempt(Record):
    """One try of one step at one item: the ledger."""

    TABLE: ClassVar[str] = "attempts"
    KEY: ClassVar[tuple[str, ...]] = ("step", "item_id", "fingerprint", "number")
    step: str = Field(description="name of the step")
    item_id: str = Field(description="the item: a path, a media_id, a shot_id, a task_id; '*' for a reduction")
    fingerprint: str = Field(description="digest of the input record and the step's configuration")
    path: str = Field(description="path below INPUT for people to read; empty for a reduction")
    status: Literal["done", "failed", "skipped"] = Field(description="skipped: not a picture, left alone by design")
    error_kind: str | None = Field(description="one word for statistics")
    message: str | None = Field(description="one line: the thing, the value, the way out")
    number: int = Field(description="1 for the first try")
    run_id: str = Field(description="the run, a folder below OUTPUT/runs")
    elapsed_seconds: float = Field(description="measured time, without waiting for its turn at the networks")


TABLES: tuple[type[Record], ...] = (
    Source,
    MediaItem,
    Shot,
    Face,
    Identity,
    Sighting,
    ReferenceSet,
    Label,
    Constraint,
    Erasure,
    CodeEstimate,
    DegradationCode,
    TrackGate,
    RestoreTask,
    RestoredSegment,
    RestoredMedia,
    QualityReport,
    Attempt,
)
