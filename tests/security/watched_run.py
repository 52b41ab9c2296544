"""A command with Ray's folder kept and its sockets listed before it ends: ``python -m tests.security.watched_run KEPT f2s-words``."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

ASK = """
import ray._raylet
client = ray._raylet.GcsClient(address={address!r})
print(client.internal_kv_keys(b"", None, timeout=20))
"""


def listening() -> list[tuple[str, str, int]]:
    """Name of the process, address and port of all that this process and what it began listen on."""
    found = set()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        try:
            name = process.name()
            found |= {(name, *one.laddr) for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    return sorted(found)


def asked(address: str, **token: str) -> int:
    """How a process ends that asks Ray's head for its keys with this token, or with none."""
    import os

    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH_TOKEN")}
    words = [sys.executable, "-c", ASK.format(address=address)]
    environment = {**plain, "HOME": "/nonexistent", **token}
    return subprocess.run(words, env=environment, capture_output=True, timeout=300, check=False).returncode


def main() -> int:
    kept = Path(sys.argv[1])
    if "--ray" in sys.argv:
        import os

        from f2s_ray.engines import ray_data

        stop = ray_data._Cluster.stop

        def watched_stop(cluster: ray_data._Cluster) -> None:
            if cluster._folder is not None:
                address = ray_data.ray.get_runtime_context().gcs_address
                token = os.environ["RAY_AUTH_TOKEN"]
                seen = {
                    "listening": listening(),
                    "mode": Path(cluster._folder).stat().st_mode & 0o777,
                    "with token": asked(address, RAY_AUTH_TOKEN=token),
                    "without token": asked(address),
                }
                (kept / "sockets.json").write_text(json.dumps(seen))
                ray_data.ray.shutdown()
                shutil.copytree(f"{cluster._folder}/ray", kept / "ray", ignore=lambda *_: ["sockets"])
            stop(cluster)

        ray_data._Cluster.stop = watched_stop
    from f2s_ray.cli.app import run

    return run(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
