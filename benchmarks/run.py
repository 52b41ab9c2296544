"""Names of benchmarks in (none: all, the long ones on few pictures), their tables out, one after the other."""

import subprocess
import sys

from benchmarks.pictures import data_folder

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "evaluate": (
        "-c",
        "from f2s_ray.cli import main; main()",
        "evaluate",
        "DATA",
        "--pictures",
        "8",
        "--out",
        "bench-out",
    ),
    "identities": ("-m", "benchmarks.identities"),
    "corpus": ("-m", "benchmarks.corpus"),
    "compute": ("-m", "benchmarks.compute", "--quick"),
}


def main(names: list[str]) -> int:
    """The exit code is the number that failed; 2 for a name that is not known."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    failed = 0
    for name in names or BENCHMARKS:
        print(f"\n## {name}\n", flush=True)
        words = [str(data_folder() / "eval") if word == "DATA" else word for word in BENCHMARKS[name]]
        failed += subprocess.run([sys.executable, *words], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
