"""Pictures to an archive on disk, and an archive restored the way of `f2s restore`, on the local engine.

As a command: `python -m benchmarks.archives INPUT OUTPUT [WEIGHTS]`, for measuring a run from outside.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from f2s_catalog.ledger import Catalog
from PIL import Image

from benchmarks.pictures import REFERENCE_SIDE_PX, Level, Picture, damage, read
from f2s_ray.engines import local
from f2s_ray.flows.photo import PhotoConfig, restore_flow
from f2s_ray.flows.step import Item, MapStep, Step
from f2s_ray.models.face2scene import Face2SceneConfig

__all__ = ["TESTED", "build", "config_for", "restore", "tested_path"]

TESTED, REFERENCES = "tested", "references"
DEAR_STEPS = {"estimate", "restore"}


def tested_path(picture: Picture) -> str:
    """Where a tested picture lies below INPUT, and its result below OUTPUT/restored."""
    return f"{TESTED}/{picture.dataset}/{picture.flat_name}.png"


def build(folder: Path, tested: Iterable[Picture], references: Iterable[Picture], level: Level) -> None:
    """Damaged PNG copies of ``tested``, and ``references`` undamaged; what is there already stays."""
    for picture in tested:
        target = folder / tested_path(picture)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(damage(picture, read(picture), level)).save(target)
    for picture in references:
        target = folder / REFERENCES / picture.dataset / f"{picture.flat_name}.png"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(read(picture, REFERENCE_SIDE_PX)).save(target)


def config_for(weights: Path | None) -> PhotoConfig:
    """The defaults, with these networks; none: the shipped ones."""
    return PhotoConfig(model=Face2SceneConfig(weights=None if weights is None else str(weights)))


def restore(source: Path, output: Path, weights: Path | None, only: str = "") -> Catalog:
    """Run the whole flow; the dear steps run only on paths that begin with ``only``.

    References lie in another folder and name no camera, so they lend no code: no tested result changes by this.
    """
    catalog = Catalog(output)
    flow = restore_flow(config_for(weights), source, output)
    local.run([_limited(step, only) for step in flow], catalog, "benchmark")
    return catalog


def _limited(step: Step, only: str) -> Step:
    if not isinstance(step, MapStep) or step.name not in DEAR_STEPS or not only:
        return step
    inputs = step.inputs

    def chosen(catalog: Catalog) -> list[Item]:
        return [item for item in inputs(catalog) if item.path.startswith(only)]

    return replace(step, inputs=chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("weights", type=Path, nargs="?")
    words = parser.parse_args()
    restore(words.input.resolve(), words.output.resolve(), words.weights)


if __name__ == "__main__":
    main()
