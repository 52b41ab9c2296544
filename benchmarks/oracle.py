"""What the code is worth to the scene restorer: told the truth, told what the product reads, told nothing, told wrong.

On patches of at most 384 px around the largest face, no files, no pasted faces. Prints a Markdown table and writes OUT/oracle.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmarks.archives import config_for
from benchmarks.faces import Scene, product_pair, scene_of, true_pair
from benchmarks.measures import interval, mean, psnr, table
from benchmarks.pictures import STRENGTHS, selection
from f2s_ray.media.degrade import Strength
from f2s_ray.models.face2scene import Face2Scene, Pair, digests
from f2s_ray.models.face_detector import FaceDetector

PATCH_PX = 384
COLUMNS = ("input", "true pair", "as read", "blind", "swapped")
LEVELS: list[Strength] = [level for level in STRENGTHS.values() if level is not None]


def patch(rgb: Float[Tensor, "3 h w"], landmarks: np.ndarray) -> Float[Tensor, "3 a b"]:
    """At most 384 px a side around the face, as far as the picture reaches."""
    x, y = (int(value) - PATCH_PX // 2 for value in landmarks.mean(0))
    top = max(0, min(y, rgb.shape[1] - PATCH_PX))
    left = max(0, min(x, rgb.shape[2] - PATCH_PX))
    return rgb[:, top : top + PATCH_PX, left : left + PATCH_PX]


def compare(model: Face2Scene, scene: Scene, swapped: Scene) -> dict[str, float] | None:
    """PSNR of the patch per column; None when no pair can be made of the face.

    ``swapped`` is the same picture under another operator, so nothing but the damage differs in its code.
    """
    pairs = true_pair(model, scene), product_pair(model, scene), true_pair(model, swapped)
    if any(pair is None for pair in pairs):
        return None
    true, read, wrong = (_pooled(model, pair) for pair in pairs)
    damaged, clean = (patch(rgb, scene.landmarks) for rgb in (scene.damaged, scene.clean))
    results = [damaged, *(model.restore_scene(damaged, code) for code in (true, read, None, wrong))]
    return {name: psnr(_stored(result), _stored(clean)) for name, result in zip(COLUMNS, results, strict=True)}


def _pooled(model: Face2Scene, pair: Pair | None) -> Tensor | None:
    code = model.read_code([pair] if pair else [])
    return code.pooled if code else None


def _stored(rgb: Tensor) -> np.ndarray:
    """[h, w, 3] uint8."""
    return (rgb * 255).round().byte().permute(1, 2, 0).numpy()


def _line(strength: str, some: list[dict[str, float]]) -> list[str]:
    low, high = interval([row["true pair"] - row["blind"] for row in some])
    told = mean([row["true pair"] - row["blind"] for row in some])
    cells = [f"{mean([row[name] for row in some]):.2f}" for name in COLUMNS]
    return [strength, str(len(some)), *cells, f"{told:+.2f} [{low:+.2f}, {high:+.2f}]"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three pictures of each set")
    parser.add_argument("--validation", action="store_true", help="24 pictures of train, to choose settings on")
    parser.add_argument("--strength", nargs="+", choices=LEVELS, default=LEVELS)
    parser.add_argument("--weights", type=Path, help="folder of the four networks; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="where the JSON goes")
    words = parser.parse_args()
    config = config_for(words.weights).model
    model, detector = Face2Scene(config), FaceDetector()
    rows: dict[str, list[dict[str, float]]] = {strength: [] for strength in words.strength}
    for picture in selection(validation=words.validation, quick=words.quick):
        for strength in words.strength:
            scene = scene_of(picture, strength, detector)
            swapped = scene_of(picture, "mild" if strength == "strong" else "strong", detector)
            figures = compare(model, scene, swapped) if scene and swapped else None
            if figures:
                rows[strength].append(figures)
    words.out.mkdir(parents=True, exist_ok=True)
    (words.out / "oracle.json").write_text(json.dumps({"weights": digests(config), "rows": rows}, indent=1))
    title = ["strength", "patches", *(f"PSNR {name}" for name in COLUMNS), "told - blind dB [95 %]"]
    print(table(title, [_line(strength, some) for strength, some in rows.items()]))


if __name__ == "__main__":
    main()
