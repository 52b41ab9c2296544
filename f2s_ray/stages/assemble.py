"""RestoredSegments to RestoredMedia: the result goes to its place when it is whole, and says who is seen in it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from f2s_catalog.ids import digest
from f2s_catalog.records import MediaItem, Record, RestoredMedia, RestoredSegment
from pydantic import BaseModel, ConfigDict, Field

from f2s_ray.errors import MediaError
from f2s_ray.media.film.compare import compare_films
from f2s_ray.media.film.info import FilmInfo
from f2s_ray.media.film.join import join_segments, suffix_for
from f2s_ray.media.film.presets import pixel_format_for, preset_named
from f2s_ray.media.film.segments import Segment
from f2s_ray.media.ranged import MediaFile
from f2s_ray.stages.films import Films, file_digest
from f2s_ray.stages.inputs import Inputs
from f2s_ray.stages.naming import name_faces, names_digest, noted
from f2s_ray.stages.outputs import RESTORED, Outputs
from f2s_ray.stages.units import FaceName

__all__ = ["AssembleMedia", "AssembleSetup", "AssembleUnit", "result_name", "whole_task_id"]

OF_PIXELS = frozenset({"bit depth", "pixel format", "transparency"})


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
        self._inputs, self._results = Inputs(config.input_root), Inputs(config.output_root)
        self._outputs = Outputs(config.output_root)
        self._films, self._preset = Films(self._inputs), preset_named(config.preset)

    def __call__(self, record: AssembleUnit) -> Iterator[RestoredMedia]:
        """The result.

        Raises: MediaError ``lost`` when a segment is gone and the result is not there either, ``name`` when the result cannot
            have its name, ``contract`` when a film would lose something.
        """
        yield self._photo(record) if record.media.film is None else self._film(record)

    def _photo(self, record: AssembleUnit) -> RestoredMedia:
        (segment,) = record.segments
        path = self._place(record, PurePosixPath(segment.path).suffix)
        made = next((one for one in (segment.path, path) if self._outputs.byte_count(one)), None)
        if made is None:
            raise MediaError("lost", f"{path}: the restored file was changed or is gone; run `f2s retry`")
        found = self._outputs.digest(made)
        if record.face_names or found != segment.digest:
            found = self._named(record, made, path)
            self._outputs.remove(segment.path)
        elif made != path:
            self._outputs.move(made, path)
        words = segment.carried_over, segment.changed
        return _row(record, path, found, self._outputs.byte_count(path), words)

    def _named(self, record: AssembleUnit, made: str, path: str) -> str:
        """A photo's result into its place, with regions that bear the names of today and no others; its digest."""
        (segment,) = record.segments
        plain, named = (noted(record.restorer, record.planned_on, names) for names in ((), record.face_names))
        with (
            self._results.whole(made) as result,
            self._inputs.whole(record.media.path, record.media.etag) as source,
            self._outputs.making(path) as aside,
        ):
            name_faces(result, aside, source, (plain, named), segment.digest)
            return file_digest(aside)

    def _film(self, record: AssembleUnit) -> RestoredMedia:
        film = self._films.of(record.media)
        path = self._place(record, suffix_for(film, self._preset))
        other_pixels = pixel_format_for(film.info, self._preset)[1]
        with ExitStack() as opened, self._outputs.making(path) as aside:
            left_out = join_segments(list(self._segments(record, opened)), film, aside)
            _prove(record.media.path, film.path, aside, bool(other_pixels))
            os.utime(aside, ns=(record.media.modified_ns, record.media.modified_ns))
            found, byte_count = file_digest(aside), aside.stat().st_size
        changed = (*other_pixels, *(f"{one.what}: {one.why}" for one in left_out))
        return _row(record, path, found, byte_count, (_carried(film.info), changed))

    def _segments(self, record: AssembleUnit, opened: ExitStack) -> Iterator[Segment]:
        for one in record.segments:
            if self._outputs.digest(one.path) != one.digest:
                raise MediaError("lost", f"{one.path}: a restored part of {record.media.path} is gone; run `f2s retry`")
            file = opened.enter_context(self._results.whole(one.path))
            yield Segment(file, one.first_frame, one.first_frame + one.frame_count)

    def _place(self, record: AssembleUnit, suffix: str) -> str:
        """Path of the result below OUTPUT."""
        name = result_name(record.media.path, suffix)
        path = f"{RESTORED}/{name}"
        if name in record.names_taken:
            raise MediaError(
                "name", f"{record.media.path}: its result would be {path}, which is another file's; rename one"
            )
        return path


def _prove(name: str, source: MediaFile, result: Path, has_other_pixels: bool) -> None:
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
