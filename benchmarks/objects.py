"""Small objects of a bucket listed and probed, beside a plain loop of the same client: python -m benchmarks.objects COUNT FOLDER.

A SeaweedFS is started on FOLDER and filled. Listing and ``probe`` run as ``f2s index`` runs them, on the local engine, with the
catalog in the bucket; the plain loop lists with the same client, gets each object, digests it and reads the head of the
picture. Each runs in a process of its own.
"""

import hashlib
import io
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from f2s_catalog import s3_client, storage
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import S3Prefix
from PIL import Image

from f2s_ray.config import Config
from f2s_ray.engines import local
from f2s_ray.flows.photo import index_flow
from f2s_ray.media.memory import peak_bytes
from tests.s3_server import BUCKET, s3_server

SIDES_PX = (96, 128, 160)
ROOT = Path(__file__).resolve().parents[1]
SOURCE, OUTPUT = S3Prefix(BUCKET, "in"), S3Prefix(BUCKET, "out")


def main(count: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with s3_server(folder) as server:
        os.environ.update(server.variables)
        begin = time.monotonic()
        fill(count)
        print(f"{count} objects put in {time.monotonic() - begin:.0f} s", flush=True)
        for part in ("plain", "f2s"):
            words = [sys.executable, "-m", "benchmarks.objects", part]
            print(
                subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout, end="", flush=True
            )


def fill(count: int) -> None:
    pictures = []
    for side in SIDES_PX:
        file = io.BytesIO()
        Image.radial_gradient("L").resize((side, side)).convert("RGB").save(file, "JPEG")
        pictures.append(file.getvalue())

    def put(number: int) -> None:
        storage.write(SOURCE / f"{number // 1000:04d}/{number:07d}.jpg", pictures[number % len(pictures)])

    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(put, range(count)):
            pass


def plain() -> None:
    """The loop that anybody would write."""
    client, begin = s3_client.client(), time.monotonic()
    keys = [
        one["Key"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="in/")
        for one in page["Contents"]
    ]
    tell("plain loop: listed", len(keys), begin)
    begin = time.monotonic()
    for key in keys:
        content = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert len(hashlib.sha256(content).digest()) == 32
        assert Image.open(io.BytesIO(content)).size[0] in SIDES_PX
    tell("plain loop: fetched, digested, head read", len(keys), begin)


def ours() -> None:
    """The same by the first steps of the flow."""
    listing, probing = index_flow(Config(), SOURCE, OUTPUT)[:2]
    for what, flow in (
        ("listed", [listing]),
        ("listed again and probed", [listing, probing]),
        ("again", [listing, probing]),
    ):
        begin = time.monotonic()
        summary = local.run(flow, Catalog(OUTPUT), what)
        count = summary["probe"].done if "probe" in summary else 0
        tell(f"f2s: {what}, {count} done", count, begin)


def tell(what: str, count: int, begin: float) -> None:
    seconds = time.monotonic() - begin
    peak = peak_bytes() / 2**30
    print(f"{what}: {seconds:.1f} s, {count / seconds:.0f} a second, peak {peak:.2f} GiB", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "plain":
        plain()
    elif sys.argv[1] == "f2s":
        ours()
    else:
        main(int(sys.argv[1]), Path(sys.argv[2]))
