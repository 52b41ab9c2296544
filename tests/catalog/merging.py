"""``python -m tests.catalog.merging PLACE HOW COUNT``: a process that merges, for tests that do harm to it.

HOW is ``write`` or ``remove``: it is killed just before the COUNT-th file is put or taken away. With ``go`` it commits COUNT
faces one by one, merges all the time and lets nobody who reads finish.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial

from f2s_catalog import compact, ledger, store
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place, place
from f2s_catalog.records import Face

from tests.catalog.made import face, outcome

FEW = 4


def deadly(function: Callable[..., object], left: int) -> Callable[..., object]:
    def counted(*arguments: object) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)

    return counted


def commit_faces(root: Place, count: int) -> None:
    for number in range(count):
        Catalog(root).commit((Face,), [outcome(f"{number}", face(number), step="detect")])


def live(word: str, how: str, count: int) -> None:
    root = place(word)
    compact.MANY = FEW
    if how == "write":
        store.write = deadly(store.write, count)
    elif how == "remove":
        compact.remove = deadly(compact.remove, count)
    else:
        ledger.MANY = 1
        ledger.compact = partial(compact.compact, patience_seconds=0)
        with Catalog(root).writing():
            commit_faces(root, count)
        return
    for _ in range(2):
        with Catalog(root).writing():
            pass


if __name__ == "__main__":
    live(sys.argv[1], sys.argv[2], int(sys.argv[3]))
