"""How long a user waits for the first sign: python -m benchmarks.start FOLDER [--repeat N].

Each line is a command of its own, beside something that cannot be left out: Python itself; DuckDB over the same files; and for
the first restored picture of an archive that is indexed, in which a tenth is new, a process that loads the same networks and
restores that picture. Medians, with the least and the most.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.lines import compared, parser_of, report
from benchmarks.pictures import training_pictures

F2S = str(Path(sys.executable).with_name("f2s"))
PICTURES = 20
NEW = 2
SQL = "SELECT format, count(*) FROM media JOIN restored USING (media_id) GROUP BY format"
DUCKDB = """
import duckdb, sys
media, restored = (f"read_parquet('{sys.argv[1]}/catalog/{name}/*.parquet')" for name in ("media", "restored"))
print(duckdb.sql(f"SELECT format, count(*) FROM {media} JOIN {restored} USING (media_id) GROUP BY format"))
"""
LOADED = """
import sys
from pathlib import Path
from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from f2s_ray.models.face2scene import Face2Scene, Face2SceneConfig
from f2s_ray.models.face_detector import FaceDetector
from f2s_ray.models.face_embedder import FaceEmbedder
path, limits = Path(sys.argv[1]), Limits()
FaceDetector(), FaceEmbedder()
Face2Scene(Face2SceneConfig()).restore_scene(decode(path, probe(path, limits), limits).pages[0].rgb, None)
"""


def seconds(*command: str) -> float:
    """Of a command, from its start to its end."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def until_restored(source: Path, output: Path) -> float:
    """Of `f2s restore` until it says that a picture is restored; then it is ended."""
    begin = time.perf_counter()
    with subprocess.Popen([F2S, "restore", str(source), str(output)], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            told = json.loads(line)
            if told.get("step") == "restore" and told.get("status") == "done":
                process.terminate()
                return time.perf_counter() - begin
    raise RuntimeError("no picture was restored")


def archive(folder: Path) -> tuple[Path, Path, Path]:
    """Pictures and what was made of them, and one that is not among them."""
    shutil.rmtree(folder, ignore_errors=True)
    pictures = training_pictures(folder / "in", PICTURES)
    new = [picture.rename(folder / picture.name) for picture in pictures[:NEW]]
    subprocess.run([F2S, "restore", str(folder / "in"), str(folder / "out"), "--quiet"], check=True)
    moved = [one.rename(folder / "in" / one.name) for one in new]
    return folder / "in", folder / "out", moved[0]


def main(words: Sequence[str]) -> None:
    parser = parser_of(__doc__, repeat=5)
    asked = parser.parse_args(words)
    source, output, new = archive(asked.folder.resolve())
    kept = asked.folder.resolve() / "kept"

    def restore() -> float:
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(output, kept)
        return until_restored(source, kept)

    python = (sys.executable, "-c")
    pairs: dict[str, tuple[Callable[[], float], Callable[[], float], str, str]] = {
        "f2s --help": (lambda: seconds(F2S, "--help"), lambda: seconds(*python, "pass"), "Python", "0.3 s"),
        "f2s query": (
            lambda: seconds(F2S, "query", str(output), SQL),
            lambda: seconds(*python, DUCKDB, str(output)),
            "DuckDB over the files",
            "1 s",
        ),
        "first restored picture": (
            restore,
            lambda: seconds(*python, LOADED, str(new)),
            "networks and that picture",
            "15 s",
        ),
    }
    lines = []
    for name, (ours, other, what, aim) in pairs.items():
        mine, theirs = zip(*((ours(), other()) for _ in range(asked.repeat)), strict=True)
        lines.append(compared(name, mine, what, theirs, "s", aim))
    report(lines, asked.keep)


if __name__ == "__main__":
    main(sys.argv[1:])
