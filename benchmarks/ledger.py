"""What many commits cost, and what is left of that when they are merged: python -m benchmarks.ledger COUNT FOLDER.

``--bucket`` has the catalog in a SeaweedFS that is started for it. COUNT commits of 64 faces each are written twice, merged
and not; then the ledger and the table of faces are read, each by a process of its own. Seconds are of the processor, requests
are counted on the wire.
"""

import argparse
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import numpy as np
from f2s_catalog import compact, ledger
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.place import Place, S3Prefix
from f2s_catalog.records import Attempt, Face
from f2s_catalog.store import fragments

from tests.catalog.made import attempt_of, face
from tests.s3_server import BUCKET, s3_server, wire_to

_ITEMS = 64
_VECTOR = 128
_READ = """
import sys, time
from f2s_catalog import records
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import place
begin = time.process_time()
Catalog(place(sys.argv[1])).table(getattr(records, sys.argv[2]))
print(f" {time.process_time() - begin:.2f}")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bucket", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        where: Place = asked.folder / "made"
        if asked.bucket:
            (asked.folder / "server").mkdir()
            server = stack.enter_context(s3_server(asked.folder / "server"))
            wire = stack.enter_context(wire_to(server.endpoint))
            os.environ.update({**server.variables, "AWS_ENDPOINT_URL": wire.endpoint})
            where = S3Prefix(BUCKET, "made")
        print(
            "| | fragments | commits, s | of that merging, s | ledger read, s | faces read, s | requests, MB |",
            flush=True,
        )
        for name in ("merged", "as written"):
            root = where / name.split()[0]
            wrote, merged = _write(root, asked.count, is_merged=name == "merged")
            lie = len(fragments(root, Attempt))
            before = (wire.requests, wire.received) if asked.bucket else (0, 0)
            looked = _look(root)
            sent = f"{wire.requests - before[0]}, {(wire.received - before[1]) / 1e6:.0f}" if asked.bucket else ""
            print(f"| {name} | {lie} | {wrote:.0f} | {merged:.0f} | {looked} | {sent} |", flush=True)


def _write(root: Place, count: int, *, is_merged: bool) -> tuple[float, float]:
    """Processor seconds that the commits took, and those of them that merging took."""
    merging = 0.0

    def measured(where: Place, patience_seconds: float = compact.PATIENCE_SECONDS) -> None:
        nonlocal merging
        begin = time.process_time()
        if is_merged:
            compact.compact(where, patience_seconds)
        merging += time.process_time() - begin

    chance = np.random.default_rng(1)
    one, catalog = face(0), Catalog(root)
    begin = time.process_time()
    with patch.object(ledger, "compact", measured), catalog.writing():
        for number in range(count):
            outcomes = []
            for index, vector in enumerate(chance.normal(size=(_ITEMS, _VECTOR))):
                item = f"{number:06}-{index:02}"
                own = one.model_copy(update={"face_id": item, "embedding": tuple(vector.tolist())})
                outcomes.append(Outcome(attempt_of(item, step="detect"), (own,)))
            catalog.commit((Face,), outcomes)
    return time.process_time() - begin, merging


def _look(root: Place) -> str:
    """Processor seconds until the ledger is read, and the table of faces, each by a process that knows nothing yet."""
    return " | ".join(
        subprocess.run(
            [sys.executable, "-c", _READ, str(root), kind.__name__], check=True, capture_output=True, text=True
        ).stdout.split()[-1]
        for kind in (Attempt, Face)
    )


if __name__ == "__main__":
    main()
