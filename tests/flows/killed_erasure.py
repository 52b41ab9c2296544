"""``python -m tests.flows.killed_erasure EVENT PLACE COUNT OUTPUT [ID]``: an erasure, of everybody where no ID is given, that is killed.

EVENT is os.rename or os.remove; the process dies just before the COUNT-th whose path contains PLACE.
"""

import os
import signal
import sys
from pathlib import Path

from f2s_catalog.everybody import erase_everybody

from f2s_ray.flows.erase import erase_person


def live(wanted: str, place: str, count: str, output: str, identity_id: str = "") -> None:
    left = int(count)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        path = (
            str(arguments[1] if event == "os.rename" else arguments[0]) if event in ("os.rename", "os.remove") else ""
        )
        if event == wanted and place in path:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    if identity_id:
        erase_person(Path(output), identity_id, "tester")
    else:
        erase_everybody(Path(output))


if __name__ == "__main__":
    live(*sys.argv[1:])
