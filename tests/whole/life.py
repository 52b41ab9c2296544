"""``python -m tests.whole.life PLACE COUNT WORD...``: ``f2s WORD...``, killed just before a file gets its final name.

The file is the COUNT-th whose final path contains PLACE.
"""

import os
import signal
import sys

from f2s_ray.cli.app import run


def live(place: str, count: str, *words: str) -> None:
    left = int(count)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event == "os.rename" and place in str(arguments[1]):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sys.exit(run(list(words)))


if __name__ == "__main__":
    live(*sys.argv[1:])
