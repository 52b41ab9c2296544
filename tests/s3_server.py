"""A real S3 server for tests, and a wire to it that counts what comes back and can be told to do harm."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from pyarrow import fs

from tests.ports import free_ports

KEY_ID, SECRET = "archivist", "canary-5ec7e7"
READER_ID, READER_SECRET = "visitor", "canary-0b5e7e"
BUCKET = "films"


@dataclass(frozen=True)
class S3Server:
    """A running SeaweedFS with one bucket, one identity that may do all, and one that may only read."""

    endpoint: str

    @property
    def variables(self) -> dict[str, str]:
        """What a user sets."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}

    def filesystem(self, **settings: bool) -> fs.S3FileSystem:
        """For what a test puts there."""
        keys = {"access_key": KEY_ID, "secret_key": SECRET}
        return fs.S3FileSystem(**keys, endpoint_override=self.endpoint, region="us-east-1", **settings)

    def upload(self, folder: Path, prefix: str) -> str:
        """Copy a folder, each object with its checksum, as clients of today do; returns its address."""
        keys = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}
        client = boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", **keys)
        for path in folder.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"{prefix}/{path.relative_to(folder).as_posix()}")
        return f"s3://{BUCKET}/{prefix}"


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run it on free ports of loopback, with its data below ``folder``."""
    config = folder / "s3.json"
    who = ((KEY_ID, SECRET, ["Admin"]), (READER_ID, READER_SECRET, ["Read", "List"]))
    identities = [
        {"name": key_id, "credentials": [{"accessKey": key_id, "secretKey": secret}], "actions": actions}
        for key_id, secret, actions in who
    ]
    config.write_text(json.dumps({"identities": identities}))
    master, volume, filer, s3 = free_ports(4)
    words = f"-v 0 server -ip 127.0.0.1 -ip.bind 127.0.0.1 -dir {folder} -volume.max 200 -master.volumeSizeLimitMB 64"
    ports = f"-master.port {master} -volume.port {volume} -filer -filer.port {filer} -s3 -s3.port {s3} -s3.port.iceberg 0 -s3.port.lance 0"
    weed = Path(sys.executable).with_name("weed")
    command = [str(weed), *words.split(), *ports.split(), "-s3.config", str(config)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            server = S3Server(f"http://127.0.0.1:{s3}")
            _until_it_takes(server, process, folder / "log")
            yield server
        finally:
            process.kill()  # asked kindly it takes more than ten seconds


def _until_it_takes(server: S3Server, process: subprocess.Popen, log: Path) -> None:
    owner = server.filesystem(allow_bucket_creation=True)
    for _ in range(120):
        if process.poll() is not None:
            break
        try:
            owner.create_dir(BUCKET)
            with owner.open_output_stream(f"{BUCKET}/ready") as file:
                file.write(b"1")
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"the S3 server does not begin: {log.read_text()[-2000:]}")


@dataclass
class Wire:
    """TCP from a port of its own to a server; ``received`` counts the bytes that the server sent."""

    endpoint: str = ""
    requests: int = 0
    received: int = 0
    connections: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)

    def count_asked(self, chunk: bytes) -> None:
        self.requests += chunk.count(b" HTTP/1.1\r\n")

    def count_answered(self, chunk: bytes) -> None:
        self.received += len(chunk)

    def cut(self) -> None:
        """Hang up on everybody; who calls again is passed on."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire_to(upstream: str | None) -> Iterator[Wire]:
    """Listen on loopback and pass all on; without an upstream each caller is only counted and hung up on."""
    wire = Wire()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        wire.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def accept() -> None:
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                wire.connections += 1
                if upstream is None:
                    caller.close()
                    continue
                host, _, port = upstream.removeprefix("http://").partition(":")
                server = socket.create_connection((host, int(port)))
                wire._sockets += [caller, server]
                threading.Thread(target=_pump, args=(caller, server, wire.count_asked), daemon=True).start()
                threading.Thread(target=_pump, args=(server, caller, wire.count_answered), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield wire
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for one in wire._sockets:
                one.close()


def _pump(source: socket.socket, sink: socket.socket, count: Callable[[bytes], None]) -> None:
    try:
        while chunk := source.recv(65_536):
            count(chunk)
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
