"""RestoredSegments to RestoredMedia: the result goes to its place when it is whole, and says who is seen in it."""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from f2s_catalog.ids import digest
from f2s_catalog.records import MediaItem, Record, RestoredMedia, RestoredSegment
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import JobError, MediaError
from f2s_ray.media.film.compare import compare_films
from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.join import join_segments, suffix_for
from f2s_ray.media.film.presets import pixel_format_for, preset_named
from f2s_ray.media.film.segments import Segment
from f2s_ray.stages.films import Films, file_digest
from f2s_ray.stages.naming import name_faces, names_digest, noted
from f2s_ray.stages.units import FaceName
from f2s_ray.stages.workbench import WORK

__all__ = ["RESTORED", "AssembleMedia", "AssembleSetup", "AssembleUnit", "result_name", "whole_task_id"]

RESTORED = "restored"
OF_PIXELS = frozenset({"bit depth", "pixel format", "transparency"})
NAME_TROUBLE = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY})


class AssembleUnit(Record):
    """All segments of a medium, in their order, and the networks that made them."""

    segments: tuple[RestoredSegment, ...]
    media: MediaItem
    restorer: str
    names_taken: tuple[str, ...] = Field(description="other files of INPUT that begin with the name of this one")
    face_names: tuple[FaceName, ...] = Field(description="of a photo: who is seen, as far as they have names")
    planned_on: str = Field(description="day of the plan, which stands as long as its task")


class AssembleSetup(BaseModel):
    """How films are written, and where INPUT and OUTPUT lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    preset: str
    input_root: str = Field(exclude=True)
    output_root: str = Field(exclude=True)


def result_name(path: str, suffix: str) -> str:
    """Path of the result below ``restored``: the source's, with the ending of what was written where that is another.

    >>> result_name("a/b.JPG", ".jpg"), result_name("a/b.dng", ".tif")
    ('a/b.JPG', 'a/b.dng.tif')
    """
    return path if path.lower().endswith(suffix.lower()) else path + suffix


def whole_task_id(task_ids: Sequence[str]) -> str:
    """What names all tasks of a medium together: of one its own id."""
    return task_ids[0] if len(task_ids) == 1 else digest(list(task_ids))


class AssembleMedia:
    """Move a photo from the work folder, or join a film from its segments, into the tree of results, under its source's path."""

    def __init__(self, config: AssembleSetup) -> None:
        self._input, self._output = Path(config.input_root), Path(config.output_root)
        self._films, self._preset = Films(Path(config.input_root)), preset_named(config.preset)

    def __call__(self, record: AssembleUnit) -> Iterator[RestoredMedia]:
        """The result.

        Raises: MediaError ``lost`` when a segment is gone and the result is not there either, ``name`` when the result cannot
            have its name, ``contract`` when a film would lose something.
        """
        yield self._photo(record) if record.media.film is None else self._film(record)

    def _photo(self, record: AssembleUnit) -> RestoredMedia:
        (segment,) = record.segments
        aside = self._output / segment.path
        path, target = self._place(record, aside.suffix)
        made = aside if aside.exists() else target
        if not made.exists():
            raise MediaError("lost", f"{path}: the restored file was changed or is gone; run `f2s retry`")
        try:
            found = file_digest(made)
            if record.face_names or found != segment.digest:
                self._named(record, made).replace(target)
                aside.unlink(missing_ok=True)
                found = file_digest(target)
            elif made is aside:
                aside.replace(target)
            byte_count = target.stat().st_size
        except OSError as error:
            raise _trouble(path, error) from error
        return _row(record, path, found, byte_count, (segment.carried_over, segment.changed))

    def _named(self, record: AssembleUnit, made: Path) -> Path:
        """A copy of a photo's result, aside, whose regions bear the names of today and no others."""
        (segment,) = record.segments
        aside = self._output / WORK / f"{segment.task_id}.naming{made.suffix}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        plain, named = (noted(record.restorer, record.planned_on, names) for names in ((), record.face_names))
        name_faces(made, aside, self._input / record.media.path, (plain, named), segment.digest)
        return aside

    def _film(self, record: AssembleUnit) -> RestoredMedia:
        film = self._films.of(record.media)
        path, target = self._place(record, suffix_for(film, self._preset))
        segments = []
        for one in record.segments:
            place = self._output / one.path
            if not place.exists() or file_digest(place) != one.digest:
                raise MediaError("lost", f"{one.path}: a restored part of {record.media.path} is gone; run `f2s retry`")
            segments.append(Segment(place, one.first_frame, one.first_frame + one.frame_count))
        other_pixels = pixel_format_for(film.info, self._preset)[1]
        aside = target.with_name(f".{target.stem}.joining{target.suffix}")
        try:
            left_out = join_segments(segments, film, aside)
            _prove(record.media.path, film.path, aside, bool(other_pixels))
            found, byte_count = file_digest(aside), aside.stat().st_size
            taken = film.path.stat()
            os.utime(aside, ns=(taken.st_atime_ns, taken.st_mtime_ns))
            aside.replace(target)
        except OSError as error:
            raise _trouble(path, error) from error
        finally:
            aside.unlink(missing_ok=True)
        changed = (*other_pixels, *(f"{one.what}: {one.why}" for one in left_out))
        return _row(record, path, found, byte_count, (_carried(film.info), changed))

    def _place(self, record: AssembleUnit, suffix: str) -> tuple[str, Path]:
        """Path below OUTPUT, and the same as a file whose folder is there."""
        name = result_name(record.media.path, suffix)
        path = f"{RESTORED}/{name}"
        if name in record.names_taken:
            raise MediaError(
                "name", f"{record.media.path}: its result would be {path}, which is another file's; rename one"
            )
        target = self._output / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _trouble(path, error) from error
        return path, target


def _prove(name: str, source: Path, result: Path, has_other_pixels: bool) -> None:
    """A film must be what its source was but for the pixels; how these are stored is the preset's."""
    allowed = OF_PIXELS if has_other_pixels else frozenset()
    differences = [one for one in compare_films(source, result) if one.what not in allowed]
    if differences:
        words = "; ".join(f"{one.what}: {one.source} became {one.result}" for one in differences[:3])
        raise MediaError("contract", f"{name}: would be lost: {words}; another `restore.film.preset` may hold it")


def _carried(info: FilmInfo) -> tuple[str, ...]:
    """What came along with the pictures, in words."""
    streams = [f"{one.kind} {one.codec}" for one in info.streams if one.index != info.video_index]
    extras = [("chapters", info.chapters), ("attachments", info.attachments), ("timecode", info.timecode)]
    return (*streams, *(word for word, what in extras if what))


def _row(
    record: AssembleUnit, path: str, found: str, byte_count: int, words: tuple[tuple[str, ...], tuple[str, ...]]
) -> RestoredMedia:
    return RestoredMedia(
        media_id=record.media.media_id,
        task_id=whole_task_id([segment.task_id for segment in record.segments]),
        path=path,
        digest=found,
        byte_count=byte_count,
        source_digest=record.media.content_digest,
        models=(record.restorer,),
        faces=tuple({face.face_id: face for segment in record.segments for face in segment.faces}.values()),
        names_digest=names_digest(record.face_names),
        carried_over=words[0],
        changed=words[1],
    )


def _trouble(path: str, error: OSError) -> Exception:
    if error.errno in NAME_TROUBLE:
        return MediaError("name", f"{path}: {error.strerror}; rename the source, or clear its place")
    return JobError(f"cannot write {path}: {error.strerror}; free space or grant the right")
