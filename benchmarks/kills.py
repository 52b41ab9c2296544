"""Runs that are killed at random moments and begun again, against one that nobody disturbed: python -m benchmarks.kills COUNT FOLDER.

``--engine ray`` kills workers and drivers in turn. ``--bucket`` has INPUT and OUTPUT in a SeaweedFS that is started for it. Each round
starts from nothing, is killed once, begun again, and judged by ``tests/faults/checker.py``; then results and tables are
compared with those of the undisturbed run, byte for byte, and a third run must find nothing to do. The moments are drawn from
the length of an undisturbed run, seeded.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import time
from contextlib import nullcontext
from pathlib import Path

from f2s_catalog import storage
from f2s_catalog.place import Place, place
from f2s_catalog.storage import remove, walk

from tests.faults.checker import Seen, digests, violations
from tests.faults.made import Command, make_archive
from tests.models.tiny import save_all
from tests.s3_server import s3_server
from tests.whole.made import rows


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
            storage._client.cache_clear()
            base = server.upload(archive, "in").removesuffix("/in")
        else:
            base = str(asked.folder)
        campaign(asked, base, server.filesystem() if server else None, weights)


def campaign(asked: argparse.Namespace, base: str, files: object, weights: Path) -> None:
    more = ("--ray", "local", "--set", "engine.workers=2") if asked.engine == "ray" else ()

    def seen(word: str) -> Seen:
        return Seen(files, word.removeprefix("s3://")) if files else Seen.folder(Path(word))

    source, begun = f"{base}/in", time.monotonic()
    before = digests(seen(source))
    calm = Command(source, f"{base}/calm", weights, more)
    clear(place(calm.output))
    begin = time.monotonic()
    ended = calm.to_its_end()
    length = time.monotonic() - begin
    if wrong := violations(before, seen(source), seen(calm.output), ended[:2]):
        raise SystemExit("\n".join(["undisturbed:", *wrong, ended[2]]))
    tree, tables = digests(seen(calm.output), "restored"), rows(place(calm.output))
    chance = random.Random(asked.seed)
    wrong, struck, repeated, resumed = [], 0, [], []
    for number in range(asked.count):
        whom = "worker" if asked.engine == "ray" and number % 2 else "driver"
        moment = chance.uniform(0.02, 1.0) * length
        one = Command(source, f"{base}/out", weights, more)
        clear(place(one.output))
        struck += one.killed(moment, whom, chance)
        begin = time.monotonic()
        ended = one.to_its_end()
        resumed.append(time.monotonic() - begin)
        found = violations(before, seen(source), seen(one.output), ended[:2])
        if digests(seen(one.output), "restored") != tree:
            found.append("other bytes")
        found += [
            f"other rows in {name}"
            for name, found_rows in rows(place(one.output)).items()
            if found_rows != tables[name]
        ]
        repeated.append(again(seen(one.output)))
        if '"event": "item"' in one.to_its_end()[1]:
            found.append("I6 a third run did something")
        wrong += [f"round {number}, {whom} after {moment:.2f} s: {what}" for what in found]
        print(f"{number}: {whom} after {moment:.2f} s, {'; '.join(found) or 'as it must be'}", flush=True)
    took = (time.monotonic() - begun) / 60
    where = "in a bucket" if files else "in a folder"
    print(
        f"{asked.engine}, {where}: {asked.count} kills drawn, {struck} hit a run of {length:.1f} s; {len(wrong)} violations"
    )
    print(f"items done twice: {max(repeated)} at most, {statistics.mean(repeated):.1f} in the mean")
    print(f"the run after a kill took {statistics.median(resumed):.1f} s; all of it {took:.1f} min")
    for line in wrong:
        print(line)


def again(output: Seen) -> int:
    """Items that were finished more than once over all runs."""
    seen: list[tuple[str, str]] = []
    for path, full in output.below("runs").items():
        if path.endswith("events.jsonl"):
            events = [json.loads(line) for line in output.bytes(full).decode().splitlines() if line.endswith("}")]
            seen += [(event["step"], event["path"]) for event in events if event["event"] == "item"]
    return len(seen) - len(set(seen))


def clear(where: Place) -> None:
    for found in list(walk(where)):
        remove(where / found.path)
    if isinstance(where, Path):
        shutil.rmtree(where, ignore_errors=True)


if __name__ == "__main__":
    main()
