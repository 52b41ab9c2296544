"""Malformed, hostile and odd files on the way of `f2s restore`: what became of each, how long it took, how much memory.

The run is a child process with a time limit. Prints Markdown tables and writes OUT/corpus.json.
"""

import argparse
import csv
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Attempt, MediaItem, RestoredMedia, Source

from benchmarks.pictures import data_folder
from f2s_ray.evaluation.tables import table

FINE = {"restored": {"ok", "must-not-crash"}, "failed": {"clear error", "must-not-crash"}}
FINE["skipped"] = FINE["failed"]


@dataclass(frozen=True)
class Fate:
    """What became of one file; ``status`` is restored, failed, skipped, or missing when it has no row."""

    file: str
    medium: str
    expected: str
    status: str
    kind: str
    message: str
    seconds: float
    slowest_step: str

    @property
    def is_as_expected(self) -> bool:
        """A file that is called ok must be restored, one that should be told off must have a row that says why."""
        return self.expected in FINE.get(self.status, set())


@dataclass(frozen=True)
class Ending:
    """How the child ended: its exit code (null when it had to be stopped), its peak memory, and when."""

    exit_code: int | None
    peak_memory_mb: float
    last_words: str
    seconds: float


def run_child(corpus: Path, output: Path, weights: Path | None, limit_seconds: float) -> Ending:
    """Restore the corpus in another process; after the limit it is killed."""
    command = [sys.executable, "-m", "benchmarks.archives", str(corpus), str(output)]
    command += ["--weights", str(weights)] if weights else []
    begin = time.monotonic()
    try:
        done = subprocess.run(command, timeout=limit_seconds, capture_output=True, text=True, check=False)
    except subprocess.TimeoutExpired:
        return Ending(None, _peak_mb(), f"stopped after {limit_seconds:.0f} s", limit_seconds)
    words = (done.stderr.strip().splitlines() or [""])[-1]
    return Ending(done.returncode, _peak_mb(), words, time.monotonic() - begin)


def fates(output: Path, manifest: Path) -> list[Fate]:
    """One for each file that was listed, the manifest itself left out."""
    with manifest.open(encoding="utf-8", newline="") as lines:
        known = {row["file"]: row for row in csv.DictReader(lines)}
    catalog = Catalog(output)
    paths = {media.media_id: media.path for media in catalog.rows(MediaItem)}
    restored = {paths[row.media_id] for row in catalog.rows(RestoredMedia)}
    attempts: dict[str, list[Attempt]] = {}
    for attempt in catalog.attempts():
        attempts.setdefault(attempt.path, []).append(attempt)
    return [
        _fate(source.path, known[source.path], attempts.get(source.path, []), source.path in restored)
        for source in catalog.rows(Source)
        if source.path in known
    ]


def _fate(file: str, row: dict[str, str], attempts: Sequence[Attempt], restored: bool) -> Fate:
    stopped = [attempt for attempt in attempts if attempt.status != "done"]
    slowest = max(attempts, key=lambda attempt: attempt.elapsed_seconds, default=None)
    return Fate(
        file=file,
        medium=row["kind"],
        expected=row["expected"],
        status=stopped[0].status if stopped else "restored" if restored else "missing",
        kind=(stopped[0].error_kind or "") if stopped else "",
        message=(stopped[0].message or "") if stopped else "",
        seconds=sum(attempt.elapsed_seconds for attempt in attempts),
        slowest_step=slowest.step if slowest else "",
    )


def _peak_mb() -> float:
    """Peak resident memory of the largest child so far, MiB; ``getrusage`` counts KiB on Linux, bytes on macOS."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def report(found: Sequence[Fate], ending: Ending) -> str:
    """Three tables: the run, the rows by status and kind, the rows that are not as expected."""
    slowest = max(found, key=lambda fate: fate.seconds)
    missing = sum(fate.status == "missing" for fate in found)
    hung = ending.exit_code is None
    figures = [
        ["files", str(len(found))],
        ["files with a row", str(len(found) - missing)],
        ["crashes", str(int(not hung and ending.exit_code != 0))],
        ["hangs", str(int(hung))],
        ['wrongly "ok"', str(sum(fate.expected == "clear error" and fate.status == "restored" for fate in found))],
        ["minutes", f"{ending.seconds / 60:.1f}"],
        ["longest file", f"{slowest.seconds:.1f} s ({slowest.file}, most of it in {slowest.slowest_step})"],
        ["peak memory", f"{ending.peak_memory_mb:.0f} MiB"],
        *(
            [f"{medium}s as expected", f"{sum(fate.is_as_expected for fate in some)} of {len(some)}"]
            for medium in ("photo", "video")
            if (some := [fate for fate in found if fate.medium == medium])
        ),
    ]
    counts = Counter((fate.medium, fate.expected, fate.status, fate.kind) for fate in found)
    kinds = [[*key, str(count)] for key, count in sorted(counts.items())]
    odd = [[f.file, f.expected, f.status, f.kind, f.message] for f in found if not f.is_as_expected]
    tables = [
        table(["corpus", "figure"], figures),
        table(["medium", "expected", "status", "kind", "files"], kinds),
        table(["not as expected", "expected", "status", "kind", "message"], odd),
    ]
    return "\n\n".join([*tables, ending.last_words])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit-seconds", type=float, default=1800.0, help="then the run counts as hung")
    parser.add_argument("--weights", type=Path, help="folder of the four networks; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="results and JSON")
    words = parser.parse_args()
    corpus, output = data_folder() / "corpus", words.out.resolve() / "corpus"
    ending = run_child(corpus, output, words.weights, words.limit_seconds)
    found = fates(output, corpus / "manifest.csv")
    rows = [asdict(fate) for fate in found]
    (words.out / "corpus.json").write_text(json.dumps({"ending": asdict(ending), "rows": rows}, indent=1))
    print(report(found, ending))


if __name__ == "__main__":
    main()
