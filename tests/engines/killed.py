"""``python -m tests.engines.killed FOLDER OUTPUT COUNT``: the local engine, killed after COUNT outcomes of a step."""

import os
import signal
import sys
from pathlib import Path

from f2s_catalog.ledger import Catalog

from f2s_ray.engines.local import run
from f2s_ray.engines.run import Progress
from tests.engines.made import flow_of


def main(folder: str, output: str, count: str) -> None:
    def die(progress: Progress) -> None:
        if (progress.step, progress.finished) == ("probe", int(count)):
            os.kill(os.getpid(), signal.SIGKILL)

    run(flow_of(Path(folder)), Catalog(Path(output)), "killed", on_progress=die)


if __name__ == "__main__":
    main(*sys.argv[1:])
