"""An HTTP proxy between a client and a real S3 server that does harm on request: what networks and servers do, on purpose."""

import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Literal

__all__ = ["Fault", "FaultyWire", "faulty_wire"]

Kind = Literal["503", "500", "403", "reset", "cut", "short", "flip", "empty", "lost", "slow", "silent"]
_SILENCE_SECONDS = 70  # more than a client waits
_SAID = {"503": (503, "SlowDown"), "500": (500, "InternalError"), "403": (403, "ExpiredToken")}


@dataclass
class Fault:
    """What is done to requests of a method whose path and query match, how often at most, and with which probability.

    ``503``, ``500``, ``403``: said instead of an answer. ``reset``: the connection ends before anything is passed on.
    ``cut``: the body ends in the middle. ``short``: it does, and its length says so. ``flip``: one byte is another.
    ``empty``: all is well, and there is no body.
    ``lost``: the server did what it was asked to, and the answer does not arrive. ``slow``: it comes in drops.
    ``silent``: nothing comes, for longer than a client waits.
    """

    kind: Kind
    method: str = "GET"
    match: str = ""
    times: int = 1
    probability: float = 1.0
    done: int = 0


@dataclass
class FaultyWire:
    """A running proxy; ``faults`` may be changed at any time."""

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pick(self, method: str, path: str) -> Kind | None:
        with self.lock:
            self.requests.append((method, path))
            for fault in self.faults:
                fits = fault.method == method and re.search(fault.match, path) and fault.done < fault.times
                if fits and self.chance.random() < fault.probability:
                    fault.done += 1
                    return fault.kind
        return None


class _Handler(BaseHTTPRequestHandler):
    wire: FaultyWire
    host: str
    protocol_version = "HTTP/1.1"

    def handle_expect_100(self):
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def answer(self):
        kind = self.wire.pick(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if kind in ("reset", "silent"):
            time.sleep(_SILENCE_SECONDS if kind == "silent" else 0)
            self.close_connection = True
            return
        if kind in _SAID:
            status, code = _SAID[kind]
            said = f"<Error><Code>{code}</Code><Message>on purpose</Message></Error>".encode()
            self.give(status, [("Content-Type", "application/xml")], said, len(said))
            return
        answer, content = self.passed_on(body)
        if kind == "lost":
            self.close_connection = True
            return
        if kind == "flip" and content:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]
        length = int(answer.getheader("Content-Length") or len(content))
        if kind == "empty":
            content, length = b"", 0
        if kind in ("cut", "short"):
            content = content[: len(content) // 2]
            length = len(content) if kind == "short" else length
            self.close_connection = True
        self.give(answer.status, answer.getheaders(), content, length, is_slow=kind == "slow")

    def passed_on(self, body):
        server = http.client.HTTPConnection(self.host, timeout=60)
        server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                server.putheader(name, value)
        server.endheaders(body)
        answer = server.getresponse()
        content = answer.read()
        server.close()
        return answer, content

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def give(self, status, headers, content, length, *, is_slow=False):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        step = max(1, len(content) // 8) if is_slow else max(1, len(content))
        for begin in range(0, 0 if self.command == "HEAD" else len(content), step):
            self.wfile.write(content[begin : begin + step])
            time.sleep(0.1 if is_slow else 0)

    def log_message(self, *_):
        pass


@contextmanager
def faulty_wire(upstream: str, *faults: Fault, host: str = "127.0.0.1") -> Iterator[FaultyWire]:
    """Listen on ``host``, loopback, and pass all on to ``http://HOST:PORT``, but for the faults."""
    handler = type("Handler", (_Handler,), {"host": upstream.removeprefix("http://")})
    with ThreadingHTTPServer((host, 0), handler) as proxy:
        proxy.daemon_threads = True
        handler.wire = wire = FaultyWire(f"http://{host}:{proxy.server_port}", list(faults))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield wire
        finally:
            proxy.shutdown()
