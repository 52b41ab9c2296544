"""Names of benchmarks in (none: all, the long ones on few pictures), their tables out, one after the other."""

import subprocess
import sys

BENCHMARKS: dict[str, tuple[str, ...]] = {
    "restoration": ("--quick",),
    "oracle": ("--quick",),
    "codes": ("--quick",),
    "identities": (),
    "corpus": (),
    "compute": ("--quick",),
}


def main(names: list[str]) -> int:
    """The exit code is the number that failed; 2 for a name that is not known."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    failed = 0
    for name in names or BENCHMARKS:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *BENCHMARKS[name]]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
