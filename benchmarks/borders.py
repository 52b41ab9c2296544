"""Whether one sees where a restored film was cut: into segments in time, and into tiles in the picture.

Of an archive that was restored (`python -m benchmarks.contract` leaves one): the mean step from frame to frame where a segment begins,
beside the steps just before and after it, for the result and for the source; and the mean step from pixel to pixel of what restoring
changed, across the edges of tiles beside the steps near them. 1 is no border. Prints a Markdown table.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, RestoredMedia, RestoreTask, Shot

from f2s_ray.evaluation.tables import table
from f2s_ray.media.tiles import tile_grid
from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.stages.films import Film, Films, frames_at
from f2s_ray.stages.inputs import Inputs

NEAR = 2  # steps on both sides of a border that it is compared with
NEAR_PX = (-16, -8, 8, 16)  # on the grid of the source's blocks, which restoring smooths
LOOKS = 8  # frames of a film that tiles are looked at in


def rows(source: Path, output: Path) -> Iterator[list[str]]:
    """One line a film that has a border of either kind."""
    catalog = Catalog(output)
    results = {one.media_id: one for one in catalog.rows(RestoredMedia)}
    starts = {shot.shot_id: shot.first_frame for shot in catalog.rows(Shot)}
    cuts: dict[str, list[int]] = {}
    for task in catalog.rows(RestoreTask):
        if task.first_frame > starts[task.shot_id]:
            cuts.setdefault(task.media_id, []).append(task.first_frame)
    for media in catalog.rows(MediaItem):
        if media.film is None or media.media_id not in results:
            continue
        result = results[media.media_id]
        pair = (
            Films(Inputs(str(source))).of(media),
            Films(Inputs(str(output))).get(result.path, result.digest, "progressive"),
        )
        borders = sorted(cuts.get(media.media_id, []))
        in_time = [f"{_time_ratio(film, borders):.3f}" if borders else "" for film in pair]
        in_picture = _tile_ratio(*pair)
        if borders or in_picture is not None:
            yield [media.path, str(len(borders)), *in_time, "" if in_picture is None else f"{in_picture:.3f}"]


def _time_ratio(film: Film, borders: Sequence[int]) -> float:
    """Mean step at the borders over the mean step near them."""
    at, near = [], []
    for border in borders:
        steps = {number: one for number, one in _steps(film, border - NEAR - 1, border + NEAR + 1)}
        at.append(steps.pop(border))
        near.append(float(np.mean(list(steps.values()))))
    return float(np.mean(at) / max(float(np.mean(near)), 1e-9))


def _steps(film: Film, first: int, stop: int) -> Iterator[tuple[int, float]]:
    """Mean absolute difference of each frame to the one before it."""
    before = None
    for number, rgb in frames_at(film, range(max(0, first), min(film.index.frame_count, stop))):
        if before is not None:
            yield number, float((rgb - before).abs().mean())
        before = rgb


def _tile_ratio(source: Film, result: Film) -> float | None:
    """Mean step of the change across edges of tiles over the mean step near them; None for films of one tile."""
    count, config = source.index.frame_count, Face2SceneConfig()
    looks = np.unique(np.linspace(0, count - 1, LOOKS).round().astype(int)).tolist()
    at: list[float] = []
    near: list[float] = []
    for (_, before), (_, after) in zip(frames_at(source, looks), frames_at(result, looks), strict=True):
        change = (after - before).mean(0).numpy()
        height, width = change.shape
        grid = tile_grid(height, width, config.tile_px, config.overlap_px)
        for axis, places in (
            (0, {tile.y0 for tile in grid} | {tile.y1 for tile in grid}),
            (1, {tile.x0 for tile in grid} | {tile.x1 for tile in grid}),
        ):
            steps = np.abs(np.diff(change, axis=axis)).mean(1 - axis)
            inner = [place - 1 for place in places if 0 < place < change.shape[axis]]
            at += steps[inner].tolist()
            near += [float(steps[i + d]) for i in inner for d in NEAR_PX if 0 <= i + d < len(steps)]
    return float(np.mean(at) / np.mean(near)) if at else None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    words = parser.parse_args()
    head = [
        "film",
        "borders of segments",
        "step there / near, result",
        "the same, source",
        "step across edges of tiles / near them",
    ]
    print(table(head, list(rows(words.input.resolve(), words.output.resolve()))))


if __name__ == "__main__":
    main()
