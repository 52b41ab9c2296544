"""Names of benchmarks in (none: all, the long ones on few pictures), their tables out, one after the other.

Those that measure speed compare what is measured with something real in the same run; all their lines together are written to
bench-out/speed.md, with the commit and the machine.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.lines import TITLE, cells, kept_lines
from benchmarks.pictures import data_folder
from f2s_ray.evaluation.tables import table

OUT = Path("bench-out")
QUALITY: dict[str, tuple[str, ...]] = {
    "evaluate": ("-c", "from f2s_ray.cli import main; main()", "evaluate", "DATA", "--pictures", "8", "--out", "OUT"),
    "identities": ("-m", "benchmarks.identities"),
    "corpus": ("-m", "benchmarks.corpus"),
}
SPEED: dict[str, tuple[str, ...]] = {
    "orchestration": ("FOLDER",),
    "scaling": ("FOLDER",),
    "compute": ("--quick",),
    "film_speed": ("FOLDER",),
    "face_speed": ("FOLDER",),
    "cluster_speed": ("FOLDER",),
    "catalog_speed": ("FOLDER",),
    "start": ("FOLDER",),
    "growth": ("FOLDER",),
}


def words_of(name: str, kept: Path) -> list[str]:
    """Of one benchmark, for Python."""
    places = {"DATA": data_folder() / "eval", "OUT": OUT, "FOLDER": OUT / name}
    words = QUALITY.get(name) or ("-m", f"benchmarks.{name}", *SPEED[name], "--keep", str(kept))
    return [str(places.get(word, word)) for word in words]


def conditions() -> str:
    """What was measured, on what, when."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], check=True, capture_output=True, text=True)
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"`make bench`, {datetime.now(tz=UTC):%d %B %Y}, commit {commit.stdout.strip()}; {os.cpu_count()} cores "
        f"({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()}, load {os.getloadavg()[2]:.1f} in the end"
    )


def main(names: list[str]) -> int:
    """The exit code is the number that failed; 2 for a name that is not known."""
    known = [*QUALITY, *SPEED]
    if unknown := sorted(set(names) - set(known)):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    OUT.mkdir(exist_ok=True)
    kept, failed = OUT / "lines.jsonl", 0
    kept.unlink(missing_ok=True)
    for name in names or known:
        print(f"\n## {name}\n", flush=True)
        failed += subprocess.run([sys.executable, *words_of(name, kept)], check=False).returncode != 0
    if lines := kept_lines(kept):
        text = f"{conditions()}:\n\n{table(TITLE, [cells(line) for line in lines])}\n"
        (OUT / "speed.md").write_text(text)
        print(f"\n## speed\n\n{text}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
