"""How steady restored film is: a code a frame, one code a shot, and one code with steadied frames, on clips with a known truth.

A clip is a window of an evaluation picture, still or going over it, or frames of an evaluation film, where a face moves before what
stands still. Every frame is damaged by the same operator with noise of its own. A film's faces are restored with its later frames as
references; pictures have none, so their faces are left to the scene restorer. Prints a Markdown table; "codes alone" is the
flicker of one frame restored with the codes of several.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.pictures import data_folder
from f2s_ray.evaluation.pictures import files_below, read, to_tensor
from f2s_ray.evaluation.tables import table
from f2s_ray.media.degrade import Operator, apply, draw_operator
from f2s_ray.media.film.info import FilmLimits
from f2s_ray.media.film.probe import probe_film
from f2s_ray.media.film.read import read_frames
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.models.composite import Sighting, paste_version
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.face_detector import Detection, FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
from f2s_ray.models.face_path import face_paths
from f2s_ray.models.shot_code import settle, shot_code
from f2s_ray.models.steady import steadied
from f2s_ray.models.tracks import Sample, SeenFace
from f2s_ray.models.vgg import VggDistance
from f2s_ray.models.votes import Readings

WINDOW_PX, LONG_SIDE_PX = 320, 768
PAN_PX = 2
READ_FRAMES = 6
REACH = 2
MIN_FACE_PX = 60
STILL_PX = 0.1
CODES = 4  # of a clip, with which its first frame is restored
FILMS = ("liveportrait_d10.mp4", "liveportrait_d19.mp4")
FILM_STARTS = (0, 60)  # seconds 0 and 2
REFERENCES = (150, 190, 230)  # frames long after the clip
METHODS = ("as it was", "input", "a code a frame", "one code", "one code, steadied")
Code = Float[Tensor, "21 k"] | None
Places = list[np.ndarray | None]  # five points [5, 2] of the largest face of each frame


@dataclass
class Clip:
    """Frames [3, h, w] as they were and as they are damaged, and aligned references of the face."""

    kind: str
    clean: list[Tensor]
    damaged: list[Tensor]
    references: list[Tensor]


@dataclass
class Score:
    """Figures of one method on one clip."""

    kind: str
    method: str
    psnr: float
    vgg: float
    warp: float
    flicker: float
    from_code: float
    jitter: float
    seconds: float


class Restorer:
    """The networks, and what they make of a frame."""

    def __init__(self, threads: int) -> None:
        self.model = Face2Scene(Face2SceneConfig(threads=threads))
        self.detector, self.embedder = FaceDetector(), FaceEmbedder()

    def largest(self, frame: Tensor) -> Detection | None:
        """The largest face of a frame."""
        return max(self.detector.detect(frame), key=lambda face: face.short_side_px, default=None)

    def reference(self, frame: Tensor) -> Tensor:
        """The face of a frame, as the face restorer wants references."""
        face = self.largest(frame)
        assert face is not None
        return self.model.align_reference(frame, _points(face))

    def read(self, frame: Tensor, references: Sequence[Tensor]) -> Readings | None:
        """What the largest face of a frame says."""
        face = self.largest(frame)
        if face is None:
            return None
        restored = self.model.restore_face(frame, _points(face), references)
        pair = self.model.pair(frame, restored, face.score)
        return self.model.read([pair]) if pair else None

    @torch.inference_mode()
    def restore(self, clip: Clip, codes: Sequence[Code], places: Places) -> list[Tensor]:
        """Each frame with its code, and its face where there are references."""
        frames = []
        for frame, code, points in zip(clip.damaged, codes, places, strict=True):
            scene = self.model.restore_scene(frame, code)
            if clip.references and points is not None:
                face = self.model.restore_face(frame, points, clip.references)
                paste_version(Sighting(frame, scene, points, face), "", 1.0)
            frames.append(scene)
        return frames

    def found(self, clip: Clip) -> Places:
        """Where the face lies, frame by frame."""
        faces = [self.largest(frame) if clip.references else None for frame in clip.damaged]
        return [None if face is None else _points(face) for face in faces]

    def followed(self, clip: Clip) -> Places:
        """The same on a smooth path."""
        faces = [self.largest(frame) if clip.references else None for frame in clip.damaged]
        seen = [
            Sample(n, () if face is None else (SeenFace(face, face.score, self._vector(frame, face)),))
            for n, (frame, face) in enumerate(zip(clip.damaged, faces, strict=True))
        ]
        vectors = [one.embedding for sample in seen for one in sample.faces if one.embedding]
        if not vectors:
            return [None] * len(seen)
        mean = np.mean(vectors, axis=0)
        path = face_paths(seen, {"": mean / np.linalg.norm(mean)}, range(len(seen))).get("", {})
        return [path[n].landmarks if n in path else None for n in range(len(seen))]

    def _vector(self, frame: Tensor, face: Detection) -> tuple[float, ...]:
        return tuple(self.embedder.embed(frame, face.landmarks).tolist())


def clips(restorer: Restorer, pictures: int, frames: int, seed: int) -> Iterator[Clip]:
    """Still and moving windows of as many pictures, then the films."""
    made = 0
    for _, path in files_below([data_folder() / "eval" / "gov_cc0"]):
        found = read(path)
        if found is None or made >= pictures:
            continue
        rgb = to_tensor(_shrunk(found[1]))
        face = restorer.largest(rgb)
        if face is None or face.short_side_px < MIN_FACE_PX or min(rgb.shape[1:]) < WINDOW_PX + PAN_PX * frames:
            continue
        for kind, step in (("still", 0), ("going over", PAN_PX)):
            yield _damaged(kind, _windows([rgb] * frames, _points(face).mean(0), step), [], seed + made)
        made += 1
    for name in FILMS:
        path = data_folder() / "eval" / "video" / name
        info, index = probe_film(path, FilmLimits()), scan_packets(path)
        shown = [
            to_tensor(one.rgb).contiguous()
            for one in read_frames(path, info, index, 0, max(*REFERENCES, frames + max(FILM_STARTS)) + 1)
        ]
        references = [restorer.reference(shown[n]) for n in REFERENCES]
        for number, start in enumerate(FILM_STARTS):
            face = restorer.largest(shown[start])
            assert face is not None
            windows = _windows(shown[start : start + frames], _points(face).mean(0), 0)
            yield _damaged("film", windows, references, seed + 100 + number)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    scale = min(1.0, LONG_SIDE_PX / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _windows(frames: Sequence[Tensor], centre: np.ndarray, step: int) -> list[Tensor]:
    """A window around a place, and ``step`` pixels further to the right each frame."""
    height, width = frames[0].shape[1:]
    reach = step * len(frames)
    left = int(np.clip(centre[0] - (WINDOW_PX + reach) / 2, 0, width - WINDOW_PX - reach)) // 8 * 8
    top = int(np.clip(centre[1] - WINDOW_PX / 2, 0, height - WINDOW_PX)) // 8 * 8
    lefts = range(left, left + reach + 1, step) if step else [left] * len(frames)
    return [
        frame[:, top : top + WINDOW_PX, x : x + WINDOW_PX].contiguous() for frame, x in zip(frames, lefts, strict=False)
    ]


def _damaged(kind: str, clean: list[Tensor], references: list[Tensor], seed: int) -> Clip:
    operator = draw_operator(torch.Generator().manual_seed(seed), "middle")
    return Clip(kind, clean, [_seen(operator, frame, n) for n, frame in enumerate(clean)], references)


def _seen(operator: Operator, frame: Tensor, number: int) -> Tensor:
    return apply(operator, frame, torch.Generator().manual_seed(1000 + number)).mul(255).round().clamp(0, 255) / 255


def measure(clip: Clip, restorer: Restorer, vgg: VggDistance) -> Iterator[Score]:
    """All methods on a clip."""
    count, moves = len(clip.clean), _Moves(clip.clean)
    begin = time.perf_counter()
    readings = [restorer.read(frame, clip.references) for frame in clip.damaged]
    reading = (time.perf_counter() - begin) / count
    each = [None if one is None else one.pooled[0] for one in readings]
    shared = [_shared([readings[round(place)] for place in np.linspace(0, count - 1, READ_FRAMES)])] * count
    few = reading * READ_FRAMES / count
    codes = [restorer.model.restore_scene(clip.damaged[0], code) for code in each[:: max(1, count // CODES)]]
    from_code = _flicker(codes, moves.still)
    ways: list[tuple[Callable[[], Sequence[Tensor]], float, float, float]] = [
        (lambda: clip.clean, 0.0, 0.0, 0.0),
        (lambda: clip.damaged, 0.0, 0.0, 0.0),
        (lambda: restorer.restore(clip, each, restorer.found(clip)), reading, from_code, _jitter(readings)),
        (lambda: restorer.restore(clip, shared, restorer.found(clip)), few, 0.0, 0.0),
        (lambda: list(steadied(restorer.restore(clip, shared, restorer.followed(clip)), REACH)), few, 0.0, 0.0),
    ]
    for method, (run, read_seconds, part, jitter) in zip(METHODS, ways, strict=True):
        begin = time.perf_counter()
        frames = [frame.clamp(0, 1) for frame in run()]
        seconds = (time.perf_counter() - begin) / count + read_seconds
        pairs = list(zip(frames, clip.clean, strict=True))
        yield Score(
            clip.kind,
            method,
            float(np.mean([_psnr(*pair) for pair in pairs])),
            float(np.mean([float(vgg(one[None], truth[None])) for one, truth in pairs])),
            1000 * (moves.warping_error(frames) - moves.warping_error(clip.clean)),
            _flicker(frames, moves.still),
            part,
            jitter,
            seconds,
        )


def _shared(readings: Sequence[Readings | None]) -> Code:
    """The code of a shot from some of its frames."""
    there = [one for one in readings if one is not None]
    if not there:
        return None
    rows = Readings(*(torch.cat(parts) for parts in zip(*(vars(one).values() for one in there), strict=True)))
    return shot_code([settle(rows)]).pooled


def _points(face: Detection) -> np.ndarray:
    return np.array(face.landmarks).reshape(5, 2)


def _flicker(frames: Sequence[Tensor], still: Tensor) -> float:
    """Standard deviation in time where nothing moves, in 8-bit steps; not a number where everything does."""
    return 255 * float(torch.stack(list(frames)).std(0).mean(0)[still].mean()) if still.any() else float("nan")


def _psnr(frame: Tensor, truth: Tensor) -> float:
    return float(-10 * (frame - truth).square().mean().log10())


def _jitter(readings: Sequence[Readings | None]) -> float:
    """Mean distance of the signatures of frames to their mean."""
    there = [one.signatures[0] for one in readings if one is not None]
    if not there:
        return 0.0
    vectors = torch.stack(there)
    return float((vectors - vectors.mean(0)).norm(dim=1).mean())


class _Moves:
    """How a clip moves: the flow of the truth from each frame to the next, where it goes there and back alike, and what stands still."""

    def __init__(self, truth: Sequence[Tensor]) -> None:
        engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        greys = [cv2.cvtColor((_array(one) * 255).round().astype(np.uint8), cv2.COLOR_RGB2GRAY) for one in truth]
        self._forth, self._known = [], []
        for here, there in pairwise(greys):
            forth, back = (
                np.asarray(engine.calc(*pair, np.zeros((*here.shape, 2), np.float32)))
                for pair in ((here, there), (there, here))
            )
            self._forth.append(forth)
            self._known.append(np.linalg.norm(forth + _taken(back, forth), axis=2) < 1.0)
        speeds = np.stack([np.linalg.norm(flow, axis=2) for flow in self._forth])
        self.still = torch.from_numpy((speeds < STILL_PX).all(0))

    def warping_error(self, frames: Sequence[Tensor]) -> float:
        """Mean square of the next frame, moved back by the flow of the truth, less the frame."""
        errors = []
        for n, (forth, known) in enumerate(zip(self._forth, self._known, strict=True)):
            gap = _taken(_array(frames[n + 1]), forth) - _array(frames[n])
            errors.append(float((gap**2).mean(2)[known].mean()))
        return float(np.mean(errors))


def _taken(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return cv2.remap(values, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _array(frame: Tensor) -> np.ndarray:
    return frame.permute(1, 2, 0).numpy()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4, help="each gives a still and a moving clip")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    words = parser.parse_args()
    restorer, vgg = Restorer(words.threads), VggDistance()
    scores: list[Score] = []
    for clip in clips(restorer, words.pictures, words.frames, seed=1):
        for score in measure(clip, restorer, vgg):
            sys.stderr.write(f"{score}\n")
            scores.append(score)
    rows = []
    for kind in dict.fromkeys(score.kind for score in scores):
        for method in METHODS:
            found = [score for score in scores if (score.kind, score.method) == (kind, method)]
            mean = partial(_mean, found)
            rows.append([
                kind, str(len(found)), method, f"{mean('psnr'):.2f}", f"{mean('vgg'):.4f}", f"{mean('warp'):.3f}",
                f"{mean('flicker'):.3f}", f"{mean('from_code'):.3f}", f"{mean('jitter'):.3f}", f"{mean('seconds'):.2f}",
            ])  # fmt: skip
    over = "warping error over the truth's, 1e-3"
    print(
        table(
            ["clips", "", "method", "PSNR", "VGG", over, "flicker, 8-bit steps", "codes alone", "jitter", "s/frame"],
            rows,
        )
    )


def _mean(scores: Sequence[Score], name: str) -> float:
    """Of the clips that have it: one that moves everywhere has no flicker."""
    return float(np.nanmean([getattr(score, name) for score in scores]))


if __name__ == "__main__":
    main()
