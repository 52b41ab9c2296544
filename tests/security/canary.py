"""A listener on loopback that keeps what it is asked, for tests in which it must be asked nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Canary", "canary"]


@dataclass
class Canary:
    """Requests so far, each with its headers; ``moved_to`` is where callers are sent on, if anywhere."""

    address: str = ""
    moved_to: str | None = None
    asked: list[str] = field(default_factory=list)


@contextmanager
def canary(moved_to: str | None = None) -> Iterator[Canary]:
    """Listen; answer 404, or 307 with another address."""
    kept = Canary(moved_to=moved_to)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            kept.asked.append(f"{self.command} {self.path}\n{self.headers}")
            self.send_response(307 if kept.moved_to else 404)
            if kept.moved_to:
                self.send_header("Location", kept.moved_to + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
