"""Names of benchmarks in (none: all), their tables out: each is a script of this folder that prints one."""

import subprocess
import sys
from pathlib import Path


def main(names: list[str]) -> int:
    """Run them one after the other; the exit code is the number that failed."""
    here = Path(__file__).parent
    known = {path.stem: path for path in sorted(here.glob("*.py")) if path.stem != "run"}
    if unknown := sorted(set(names) - set(known)):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}\n")
        return 2
    chosen = [known[name] for name in names] or list(known.values())
    return sum(subprocess.run([sys.executable, path], check=False).returncode != 0 for path in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
