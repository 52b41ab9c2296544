"""How steady restored film is: a code a frame, one code a shot, and one code with steadied frames, on clips with a known truth.

A clip is a window of an evaluation picture, still or going over it, every frame damaged by the same operator with noise of its own.
Prints a Markdown table.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.pictures import data_folder
from f2s_ray.evaluation.pictures import files_below, read, to_tensor
from f2s_ray.evaluation.tables import table
from f2s_ray.media.degrade import Operator, apply, draw_operator
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.shot_code import settle, shot_code
from f2s_ray.models.steady import steadied
from f2s_ray.models.vgg import VggDistance
from f2s_ray.models.votes import Readings

WINDOW_PX, LONG_SIDE_PX = 320, 768
PAN_PX = 2
READ_FRAMES = 6
REACH = 2
MIN_FACE_PX = 60
METHODS = ("input", "a code a frame", "one code", "one code, steadied")


@dataclass
class Clip:
    """Frames [3, h, w] as they were and as they are damaged; ``is_still``: nothing moves."""

    name: str
    is_still: bool
    clean: list[Tensor]
    damaged: list[Tensor]


@dataclass
class Score:
    """Sums over clips of one method."""

    psnr: list[float] = field(default_factory=list)
    vgg: list[float] = field(default_factory=list)
    warp: list[float] = field(default_factory=list)
    flicker: list[float] = field(default_factory=list)
    jitter: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def make_clips(count: int, frames: int, seed: int) -> list[Clip]:
    """Still and moving clips around the largest faces of as many pictures."""
    detector = FaceDetector()
    clips: list[Clip] = []
    for _, path in files_below([data_folder() / "eval" / "gov_cc0"]):
        found = read(path)
        if found is None or len(clips) >= 2 * count:
            continue
        rgb = to_tensor(_shrunk(found[1]))
        faces = [face for face in detector.detect(rgb) if face.short_side_px >= MIN_FACE_PX]
        if not faces or min(rgb.shape[1:]) < WINDOW_PX + PAN_PX * frames:
            continue
        face = max(faces, key=lambda face: face.short_side_px)
        centre = ((face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2)
        operator = draw_operator(torch.Generator().manual_seed(seed + len(clips)), "middle")
        for step in (0, PAN_PX):
            clips.append(_clip(f"{path.name} {'pan' if step else 'still'}", rgb, centre, (step, frames), operator))
    return clips


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    scale = min(1.0, LONG_SIDE_PX / max(pixels.shape[:2]))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _clip(name: str, rgb: Tensor, centre: tuple[float, float], motion: tuple[int, int], operator: Operator) -> Clip:
    step, frames = motion
    height, width = rgb.shape[1:]
    reach = step * frames
    left = int(np.clip(centre[0] - (WINDOW_PX + reach) / 2, 0, width - WINDOW_PX - reach)) // 8 * 8
    top = int(np.clip(centre[1] - WINDOW_PX / 2, 0, height - WINDOW_PX)) // 8 * 8
    clean = [
        rgb[:, top : top + WINDOW_PX, left + n * step : left + n * step + WINDOW_PX].contiguous() for n in range(frames)
    ]
    noises = [torch.Generator().manual_seed(1000 + n) for n in range(frames)]
    damaged = [_stored(apply(operator, frame, noise)) for frame, noise in zip(clean, noises, strict=True)]
    return Clip(name, step == 0, clean, damaged)


def _stored(frame: Tensor) -> Tensor:
    return frame.mul(255).round().clamp(0, 255) / 255


class Restorer:
    """The networks, and the reading of a frame."""

    def __init__(self, threads: int) -> None:
        self.model, self.detector = Face2Scene(Face2SceneConfig(threads=threads)), FaceDetector()

    def read(self, frame: Float[Tensor, "3 h w"]) -> Readings | None:
        """What the largest face of a frame says."""
        faces = self.detector.detect(frame)
        if not faces:
            return None
        face = max(faces, key=lambda face: face.short_side_px)
        restored = self.model.restore_face(frame, np.array(face.landmarks).reshape(5, 2), [])
        pair = self.model.pair(frame, restored, face.score)
        return self.model.read([pair]) if pair else None

    def shared(self, readings: Sequence[Readings | None]) -> Tensor | None:
        """The code of a shot from some of its frames."""
        there = [one for one in readings if one is not None]
        if not there:
            return None
        rows = Readings(*(torch.cat(parts) for parts in zip(*(vars(one).values() for one in there), strict=True)))
        return shot_code([settle(rows)]).pooled

    def scenes(self, frames: Sequence[Tensor], codes: Sequence[Tensor | None]) -> list[Tensor]:
        """Each frame with its code."""
        return [self.model.restore_scene(frame, code) for frame, code in zip(frames, codes, strict=True)]


def measure(clips: Sequence[Clip], restorer: Restorer) -> dict[str, Score]:
    """All methods on all clips."""
    scores, vgg = {name: Score() for name in METHODS}, VggDistance()
    for clip in clips:
        count = len(clip.clean)
        begin = time.perf_counter()
        readings = [restorer.read(frame) for frame in clip.damaged]
        read_seconds = (time.perf_counter() - begin) / count
        each = [None if one is None else one.pooled[0] for one in readings]
        picked = [readings[round(place)] for place in np.linspace(0, count - 1, READ_FRAMES)]
        code = restorer.shared(picked)
        shared = partial(restorer.scenes, clip.damaged, [code] * count)
        runs: dict[str, Callable[[], list[Tensor]]] = {
            "input": partial(list, clip.damaged),
            "a code a frame": partial(restorer.scenes, clip.damaged, each),
            "one code": shared,
            "one code, steadied": partial(_steadied, shared),
        }
        jitters = {"a code a frame": _jitter(readings), "one code": 0.0, "one code, steadied": 0.0}
        reading = {"a code a frame": read_seconds, "one code": read_seconds * READ_FRAMES / count}
        reading["one code, steadied"] = reading["one code"]
        for name, run in runs.items():
            begin = time.perf_counter()
            frames = [frame.clamp(0, 1) for frame in run()]
            score = scores[name]
            score.seconds.append((time.perf_counter() - begin) / count + reading.get(name, 0.0))
            score.psnr.append(float(np.mean([_psnr(a, b) for a, b in zip(frames, clip.clean, strict=True)])))
            score.vgg.append(
                float(np.mean([float(vgg(a[None], b[None])) for a, b in zip(frames, clip.clean, strict=True)]))
            )
            score.jitter.append(jitters.get(name, 0.0))
            if clip.is_still:
                score.flicker.append(255 * float(torch.stack(frames).std(0).mean()))
            else:
                score.warp.append(1000 * (_warping_error(frames, clip.clean) - _warping_error(clip.clean, clip.clean)))
    return scores


def _steadied(run: Callable[[], list[Tensor]]) -> list[Tensor]:
    return list(steadied(run(), REACH))


def _psnr(frame: Tensor, truth: Tensor) -> float:
    return float(-10 * (frame - truth).square().mean().log10())


def _jitter(readings: Sequence[Readings | None]) -> float:
    """Mean distance of the signatures of frames to their mean."""
    there = [one.signatures[0] for one in readings if one is not None]
    if not there:
        return 0.0
    vectors = torch.stack(there)
    return float((vectors - vectors.mean(0)).norm(dim=1).mean())


def _warping_error(frames: Sequence[Tensor], truth: Sequence[Tensor]) -> float:
    """Mean square of the next frame, moved back by the flow of the truth, less the frame; where the flow goes there and back alike."""
    engine, errors = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM), []
    for n in range(len(frames) - 1):
        here, there = (_grey(truth[i]) for i in (n, n + 1))
        forth, back = _flow(engine, here, there), _flow(engine, there, here)
        moved, returned = _taken(_array(frames[n + 1]), forth), _taken(back, forth)
        known = np.linalg.norm(forth + returned, axis=2) < 1.0
        errors.append(float(((moved - _array(frames[n])) ** 2).mean(2)[known].mean()))
    return float(np.mean(errors))


def _flow(engine: cv2.DISOpticalFlow, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    return np.asarray(engine.calc(here, there, np.zeros((*here.shape, 2), np.float32)))


def _taken(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return cv2.remap(values, x + flow[..., 0], y + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _array(frame: Tensor) -> np.ndarray:
    return frame.permute(1, 2, 0).numpy()


def _grey(frame: Tensor) -> np.ndarray:
    return cv2.cvtColor((_array(frame) * 255).round().astype(np.uint8), cv2.COLOR_RGB2GRAY)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6, help="each gives a still and a moving clip")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    words = parser.parse_args()
    clips = make_clips(words.pictures, words.frames, seed=1)
    scores = measure(clips, Restorer(words.threads))
    rows = []
    for name, score in scores.items():
        figures = [f"{np.mean(values):.{digits}f}" for values, digits in (
            (score.psnr, 2), (score.vgg, 4), (score.warp, 3), (score.flicker, 3), (score.jitter, 3), (score.seconds, 2),
        )]  # fmt: skip
        rows.append([name, str(len(clips)), *figures])
    head = [
        "method",
        "clips",
        "PSNR",
        "VGG",
        "warping error over the truth's, 1e-3",
        "flicker, 8-bit steps",
        "jitter",
        "s/frame",
    ]
    print(table(head, rows))


if __name__ == "__main__":
    main()
