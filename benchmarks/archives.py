"""An archive restored the way of `f2s restore`, on the local engine.

As a command: `python -m benchmarks.archives INPUT OUTPUT`, for measuring a run from outside.
"""

import argparse
from pathlib import Path

from f2s_catalog.ledger import Catalog

from f2s_ray.engines import local
from f2s_ray.flows.photo import PhotoConfig, index_flow, restore_flow
from f2s_ray.models.face2scene import Face2SceneConfig
from f2s_ray.stages.workbench import RestoreConfig

__all__ = ["restore"]


def restore(source: Path, output: Path, weights: Path | None, how: RestoreConfig | None = None) -> Catalog:
    """Run the whole flow with the defaults but these networks (none: the shipped ones) and this way of restoring."""
    model = Face2SceneConfig(weights=None if weights is None else str(weights))
    config = PhotoConfig(model=model, restore=how or RestoreConfig())
    catalog = Catalog(output)
    local.run(restore_flow(config, source, output), catalog, "benchmark")
    return catalog


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--only", choices=["index", "restore"], default="restore")
    words = parser.parse_args()
    source, output = words.input.resolve(), words.output.resolve()
    if words.only == "restore":
        restore(source, output, words.weights)
    else:
        local.run(index_flow(PhotoConfig(), source, output), Catalog(output), "benchmark")


if __name__ == "__main__":
    main()
