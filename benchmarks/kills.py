"""Runs that are killed at random moments and begun again, against one that nobody disturbed: python -m benchmarks.kills COUNT FOLDER.

``--engine ray`` kills workers and drivers in turn. ``--bucket`` has INPUT and OUTPUT in a SeaweedFS that is started for it. Each round
starts from nothing, is killed once, begun again, and judged by ``tests/faults/checker.py``; then results and tables are
compared with those of the undisturbed run, byte for byte, and a third run must find nothing to do. Moments are drawn, seeded,
from the span in which items are worked on: so many items finished, and up to half a second more.
"""

import argparse
import os
import random
import shutil
import statistics
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from f2s_catalog import s3_client
from f2s_catalog.place import Place, place
from f2s_catalog.storage import remove, walk
from pyarrow import fs

from tests.faults.judged import Calm, Judged, again, calm_run, seen
from tests.faults.made import Command, make_archive
from tests.models.tiny import save_all
from tests.s3_server import s3_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--bucket", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    weights = asked.folder / "weights"
    weights.mkdir(exist_ok=True)
    save_all(weights)
    archive = make_archive(asked.folder / "in")
    (asked.folder / "server").mkdir(exist_ok=True)
    with s3_server(asked.folder / "server") if asked.bucket else nullcontext() as server:
        if server:
            os.environ |= {**server.variables, "F2S_LEASE_SECONDS": "3"}
            s3_client.client.cache_clear()
            base = server.upload(archive, "in").removesuffix("/in")
        else:
            base = str(asked.folder)
        campaign(asked, base, server.filesystem() if server else None, weights)


def campaign(asked: argparse.Namespace, base: str, files: fs.FileSystem | None, weights: Path) -> None:
    more = ("--ray", "local", "--set", "engine.workers=2") if asked.engine == "ray" else ()
    begun = time.monotonic()
    command = Command(f"{base}/in", f"{base}/calm", weights, more)
    clear(place(command.output))
    calm = calm_run(command, files)
    one = replace(command, output=f"{base}/out")
    chance = random.Random(asked.seed)
    rounds = []
    for number in range(asked.count):
        whom = "worker" if asked.engine == "ray" and number % 2 else "driver"
        rounds.append(done := killed_and_resumed(calm, one, whom, chance))
        print(f"{number}: {whom} {done.moment}, {'; '.join(done.judged.wrong) or 'as it must be'}", flush=True)
    wrong = [what for done in rounds for what in done.judged.wrong]
    twice = [done.twice for done in rounds]
    print(
        f"{asked.engine}, {'in a bucket' if files else 'in folders'}, seed {asked.seed}: {asked.count} kills drawn, "
        f"{sum(done.struck for done in rounds)} hit a run of {calm.items} items; "
        f"{sum(done.judged.lost for done in rounds)} lost, {len(wrong)} violations"
    )
    print(f"items done twice in a round: {max(twice)} at most, {statistics.mean(twice):.1f} in the mean")
    resumed = statistics.median(done.judged.seconds for done in rounds)
    print(f"the run after a kill took {resumed:.1f} s; all of it {(time.monotonic() - begun) / 60:.1f} min")


@dataclass(frozen=True)
class Round:
    """When somebody was killed, whether the run was going on, what came of it, and how many items were done twice."""

    moment: str
    struck: bool
    judged: Judged
    twice: int


def killed_and_resumed(calm: Calm, one: Command, whom: str, chance: random.Random) -> Round:
    items, seconds = chance.randrange(calm.items), chance.choice((0, 0.05, 0.5)) * chance.random()
    clear(place(one.output))
    struck = one.killed(items, seconds, whom, chance)
    torn = calm.torn(one) if whom == "driver" else []
    judged = calm.resumed(one)
    twice = again(seen(one.output, calm.files))
    judged = replace(judged, wrong=[*torn, *judged.wrong])
    return Round(f"{seconds:.2f} s after {items} items", struck, judged, twice)


def clear(where: Place) -> None:
    for found in list(walk(where)):
        remove(where / found.path)
    if isinstance(where, Path):
        shutil.rmtree(where, ignore_errors=True)


if __name__ == "__main__":
    main()
