"""``python -m tests.engines.poisoned FOLDER OUTPUT local|ray AT_ONCE``: a run that is watched, with two seconds an item."""

import sys
from pathlib import Path

from f2s_catalog.ledger import Catalog

from f2s_ray.engines.watched import watched
from tests.engines.made import flow_of

SECONDS = 2.0


def main(folder: str, output: str, engine: str, at_once: str) -> int:
    flow = flow_of(Path(folder), items_at_once=int(at_once))
    if engine == "local":
        from f2s_ray.engines.local import run

        run(flow, Catalog(Path(output)), "local", item_seconds=SECONDS)
    else:
        from f2s_ray.engines.ray_data import RayConfig, run

        config = RayConfig(workers=2, items_per_block=3, item_seconds=SECONDS)
        run(flow, Catalog(Path(output)), "ray", config=config)
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(*words) if words[2] == "ray" else watched(lambda: main(*words), print))
