"""RestoreUnit to RestoredSegment: a photo, or some frames of a film, restored and written aside."""

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path, PurePosixPath

from f2s_catalog.records import RestoredSegment

from f2s_ray.clock import Clock, waited_seconds
from f2s_ray.media.encode import target_name
from f2s_ray.media.film.presets import preset_named
from f2s_ray.media.memory import peak_bytes, unbounded
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.stages.films import file_digest
from f2s_ray.stages.outputs import WORK, Outputs
from f2s_ray.stages.restore_film import restore_frames
from f2s_ray.stages.restore_photo import Written, restore_photo
from f2s_ray.stages.units import RestoreUnit
from f2s_ray.stages.workbench import RestoreSetup, Workbench

__all__ = ["RestoreMedia"]

SEGMENT_SUFFIX = ".mkv"
# So many held for one piece are large: such pieces follow each other, and several small ones add little to one of them.
LARGE_MEGAPIXELS = 12.0


class RestoreMedia:
    """Loads the networks once; then writes each unit under the name of its task, aside first."""

    def __init__(self, config: RestoreSetup) -> None:
        self._bench, self._outputs = Workbench(config), Outputs(config.output_root)
        self._large = Clock()
        self._preset, self._detector = preset_named(config.film.preset), FaceDetector()

    def __call__(self, record: RestoreUnit) -> Iterator[RestoredSegment]:
        """The segment; nothing is left when it fails.

        Raises: MediaError ``contract`` when metadata of a photo that must be kept got lost, and as reading and writing do.
        """
        begin, worked = time.perf_counter() - waited_seconds(), self._bench.clock.seconds
        path = f"{WORK}/{record.task_id}{_suffix(record)}"
        turn = self._large if self._megapixels(record) > LARGE_MEGAPIXELS else nullcontext()
        with turn, self._outputs.making(path) as aside:
            with unbounded():  # all that is read here was read by ``detect`` before
                written = self._written(record, aside)
            found, byte_count = file_digest(aside), aside.stat().st_size
        yield RestoredSegment(
            task_id=record.task_id,
            shot_id=record.shot.shot_id,
            media_id=record.media.media_id,
            path=path,
            digest=found,
            byte_count=byte_count,
            first_frame=record.first_frame,
            frame_count=written.page_count,
            carried_over=written.carried_over,
            changed=written.changed,
            faces=record.task_faces,
            gates=written.gates,
            seconds=time.perf_counter() - waited_seconds() - begin,
            model_seconds=self._bench.clock.seconds - worked,
            peak_memory_bytes=peak_bytes(),
        )

    def _megapixels(self, record: RestoreUnit) -> float:
        """Held at once: all pages of a photo, of a film the frames that steady one."""
        media, steady = record.media, 2 * self._bench.config.film.steady_frames + 1
        return media.width_px * media.height_px * (media.page_count if media.film is None else steady) / 1e6

    def _written(self, record: RestoreUnit, aside: Path) -> Written:
        if record.media.film is None:
            return restore_photo(record, self._bench, aside)
        restore_frames(record, self._bench, self._detector, self._preset, aside)
        return Written(record.stop_frame - record.first_frame, (), (), ())


def _suffix(record: RestoreUnit) -> str:
    if record.media.film is not None:
        return SEGMENT_SUFFIX
    return PurePosixPath(target_name(record.media.path, record.media.format)).suffix
