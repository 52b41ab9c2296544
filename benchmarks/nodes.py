"""A node of three is killed in the middle of a run: python -m benchmarks.nodes FOLDER [--repeat N].

A head that only drives and two nodes with a processor each, on this machine (``ray.cluster_utils``), with Ray's own health
checks. Nine pictures and three files that cannot be restored, with small networks. Each round begins from nothing: undisturbed;
one node killed at half the time of that and another one started; one killed and none started. Results and tables are compared
with those of the first run, byte for byte.
"""

import argparse
import os
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from f2s_ray.engines.ray_settings import set_token
from tests.faults.checker import Seen, digests, violations
from tests.faults.made import Command, make_archive
from tests.models.tiny import save_all
from tests.whole.made import rows

if TYPE_CHECKING:
    from ray._private.node import Node
    from ray.cluster_utils import Cluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args()
    weights = asked.folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    save_all(weights)
    rounds = Rounds(make_archive(asked.folder / "in"), asked.folder, weights)
    plain = [rounds.run(None, is_replaced=False) for _ in range(asked.repeat)]
    half = statistics.median(plain) / 2
    replaced = [rounds.run(half, is_replaced=True) for _ in range(asked.repeat)]
    alone = [rounds.run(half, is_replaced=False) for _ in range(asked.repeat)]
    for name, seconds in (("undisturbed", plain), ("killed, replaced", replaced), ("killed", alone)):
        lost = statistics.median(seconds) - statistics.median(plain)
        told = ", ".join(f"{one:.1f}" for one in seconds)
        print(f"{name:<18}{told} s; median {statistics.median(seconds):.1f} s, lost {lost:+.1f} s")
    print(f"runs with other bytes, other tables or a violation: {rounds.wrong} of {rounds.count}")


class Rounds:
    """Runs on a fresh cluster and a fresh OUTPUT each, compared with the first."""

    def __init__(self, source: Path, folder: Path, weights: Path) -> None:
        self._source, self._folder, self._weights = source, folder, weights
        self._before = digests(Seen.folder(source))
        self._expected: tuple[object, object] | None = None
        self._ended = (0, "")
        self._seconds = 0.0
        self.count = self.wrong = 0

    def run(self, kill_after_seconds: float | None, *, is_replaced: bool) -> float:
        """Seconds of the command."""
        output = self._folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        with_nodes(lambda cluster, nodes: self._command(cluster, nodes, kill_after_seconds, is_replaced=is_replaced))
        found = (digests(Seen.folder(output), "restored"), rows(output))
        self._expected = self._expected or found
        wrong = violations(self._before, Seen.folder(self._source), Seen.folder(output), self._ended)
        self.count += 1
        self.wrong += found != self._expected or bool(wrong)
        print(f"{kill_after_seconds=} {is_replaced=} {self._seconds:.1f} s {wrong or 'as it must be'}", flush=True)
        return self._seconds

    def _command(
        self, cluster: "Cluster", nodes: list["Node"], after_seconds: float | None, *, is_replaced: bool
    ) -> None:
        more = ("--ray", cluster.address, "--set", "engine.workers=2")
        command = Command(str(self._source), str(self._folder / "out"), self._weights, more)
        begun = time.monotonic()
        job = command.start()
        if after_seconds is not None:
            time.sleep(after_seconds)
            cluster.remove_node(nodes[0], allow_graceful=False)
            if is_replaced:
                add(cluster)
        code, out, err = job.ended()
        self._seconds = time.monotonic() - begun
        self._ended = (code, out)
        if code != 1:
            raise RuntimeError(err)


def with_nodes(use: Callable[["Cluster", list["Node"]], None]) -> None:
    """A cluster of three nodes, as long as it is used."""
    from ray.cluster_utils import Cluster

    folder = Path(f"/tmp/f2s-nodes-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    os.environ["RAY_TMPDIR"] = str(folder)
    set_token()
    head = {"num_cpus": 0, "object_store_memory": 10**8, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        use(cluster, [add(cluster), add(cluster)])
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def add(cluster: "Cluster") -> "Node":
    return cluster.add_node(num_cpus=1, object_store_memory=10**8)


if __name__ == "__main__":
    main()
