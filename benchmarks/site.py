"""The viewer of a large made archive, asked over HTTP: python -m benchmarks.site FOLDER [--times N] [--pictures N ...].

The archive is made in FOLDER unless it is there. ``f2s view`` runs as a process of its own, on loopback; one request is made
after the other over one connection, at other places each time. Printed are milliseconds by page, and what the process holds.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from benchmarks.site_archive import Size, make_archive
from benchmarks.site_pages import Case, Known, cases
from f2s_ray.flows.people import People
from f2s_ray.view.thumbnails import thumbnail_folder

COMMAND = "from f2s_ray.cli import main; main()"
PATIENCE_SECONDS = 600
BROWSER_CONNECTIONS = 6
STARTS, WRITES, PICTURES = 3, 3, 30
AIM_MS = 200
POLL_SECONDS = 0.1
PAUSE_SECONDS = 10.0  # until what another process wrote has been read


class Browser:
    """One connection to a viewer that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)

    def get(self, address: str) -> str:
        """The page. Raises: RuntimeError unless it is one."""
        return self._ask("GET", address, 200).decode("utf-8", "replace")

    def seconds(self, address: str) -> float:
        """How long it takes."""
        begin = time.perf_counter()
        self._ask("GET", address, 200)
        return time.perf_counter() - begin

    def say(self, address: str, form: Mapping[str, object]) -> float:
        """How long it takes to say something by the form of a page, until the answer is there."""
        secret = re.search(r'name="csrf" value="([^"]+)"', self.get(address))
        body = urlencode({**form, "csrf": secret[1] if secret else ""}, doseq=True)
        begin = time.perf_counter()
        self._ask("POST", address, 303, body)
        return time.perf_counter() - begin

    def _ask(self, method: str, address: str, status: int, body: str | None = None) -> bytes:
        headers = {"Origin": f"http://127.0.0.1:{self._port}", "Content-Type": "application/x-www-form-urlencoded"}
        try:
            self._connection.request(method, address, body, headers if body else {})
            answer = self._connection.getresponse()
        except (RemoteDisconnected, BrokenPipeError):  # it was silent for five seconds
            self._connection.close()
            self._connection.request(method, address, body, headers if body else {})
            answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {address}: {answer.status} {content[:200]!r}")
        return content


class Viewer:
    """``f2s view`` in a process of its own."""

    def busy_ms(self) -> float:
        """What it has worked so far, on all processors."""
        user, system = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return 1000 * (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process, self.port = process, port

    def memory(self, what: str) -> float:
        """``VmRSS`` or ``VmHWM`` in MiB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


@contextmanager
def served(output: Path) -> Iterator[Viewer]:
    """The viewer of an OUTPUT folder."""
    words = [sys.executable, "-c", COMMAND, "view", str(output), "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline()  # type: ignore[union-attr]
            yield Viewer(process, int(re.search(r":(\d+)/", address)[1]))  # type: ignore[index]
        finally:
            process.terminate()


def report(name: str, seconds: Sequence[float], busy_ms: float | None = None) -> None:
    """One line of the table; ``busy_ms`` is what the server worked for all of it."""
    ranked = sorted(1000 * one for one in seconds)
    p95 = ranked[max(0, -(-95 * len(ranked) // 100) - 1)]
    mark = " (above the aim)" if p95 > AIM_MS else ""
    numbers = f"{statistics.median(ranked):,.0f} | {p95:,.0f}{mark} | {ranked[-1]:,.0f}"
    busy = "" if busy_ms is None else f"{busy_ms / len(ranked):,.0f}"
    print(f"| {name} | {len(ranked)} | {numbers} | {busy} |", flush=True)


def start(output: Path) -> None:
    """How long a viewer takes to be there, and then to show its first page."""
    ready, first = [], []
    for _ in range(STARTS):
        begin = time.perf_counter()
        with served(output) as viewer:
            ready.append(time.perf_counter() - begin)
            first.append(Browser(viewer.port).seconds("/"))
    report("start, until it listens", ready)
    report("first page after the start", first)


def stale_seconds(browser: Browser) -> float:
    """How long it takes until the page of stale results tells of them."""
    begin = time.perf_counter()
    while "data-reload" in browser.get("/stale"):
        time.sleep(POLL_SECONDS)
    return time.perf_counter() - begin


def pictures(browser: Browser, viewer: Viewer, known: Known, random: Random) -> None:
    """Pictures of 12 megapixels that are shown small, large and by a face: made first, and then served."""
    media, faces = random.sample(known.ids["photo"], PICTURES), random.sample(known.faces, PICTURES)
    shown = {"small": [f"small/{one}" for one in media], "large": [f"before/{one}" for one in media]}
    for what, ones in (shown | {"of a face": [f"face/{one}" for one in faces]}).items():
        addresses = [f"/image/{one}?v=1" for one in ones]
        for when in ("made", "again"):
            measure(browser, viewer, Case(f"12-megapixel picture {what}, {when}", addresses))
    page = browser.get("/?page=2")
    images = re.findall(r'src="(/image/[^"]+)"', page)
    for when in ("made", "again"):
        report(f"page of people with its {len(images)} faces, {when}", [_whole(viewer, "/?page=2", images)])


def _whole(viewer: Viewer, page: str, images: Sequence[str]) -> float:
    """As a browser does: the page, then its pictures over some connections."""
    begin = time.perf_counter()
    Browser(viewer.port).get(page)
    parts = [images[number::BROWSER_CONNECTIONS] for number in range(BROWSER_CONNECTIONS)]
    with ThreadPoolExecutor(BROWSER_CONNECTIONS) as pool:
        list(pool.map(lambda part: [Browser(viewer.port).seconds(one) for one in part], parts))
    return time.perf_counter() - begin


def writes(browser: Browser, output: Path, known: Known, random: Random) -> None:
    """What is said, the page that is shown then, and pages when another process said something."""
    said: dict[str, list[float]] = {"name": [], "confirm": []}
    page, picture, other = [], [], []
    for number in range(WRITES):
        one, many = random.choice(known.few), random.choice(known.many)
        home, crowd = f"/people/{one['identity_id']}", f"/people/{many['identity_id']}"
        said["name"].append(browser.say(home, {"action": "name", "word": f"New {random.random()}"}))
        page.append(browser.seconds(home))
        picture.append(browser.seconds(f"/media/{random.choice(known.ids['photo'])}"))
        faces = re.findall(r'name="faces" value="([^"]+)"', browser.get(crowd))[number : number + 3]
        said["confirm"].append(browser.say(crowd, {"action": "confirm", "faces": faces}))
        page.append(browser.seconds(crowd))
        People(output, "other").name(one["identity_id"], f"Other {random.random()}")
        other.append(browser.seconds("/"))
        time.sleep(PAUSE_SECONDS)
    for action, seconds in said.items():
        report(f"{action}: until it is said and settled", seconds)
    report("the page that is shown then", page)
    report("a picture's page after that", picture)
    report("people, just after another process wrote", other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=60)
    for name, value in vars(Size()).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--only", default="", help="pages whose name holds this, and nothing else")
    asked = parser.parse_args()
    size = Size(asked.pictures, asked.people, asked.faces, asked.films)
    _, output = make_archive(asked.folder.resolve(), size)
    known, random = Known.of(output), Random(0)
    shutil.rmtree(thumbnail_folder(output), ignore_errors=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} at the start\n")
    print("| page | requests | p50, ms | p95, ms | max, ms | processor, ms |\n| --- | --- | --- | --- | --- | --- |")
    if not asked.only:
        start(output)
    with served(output) as viewer:
        browser = Browser(viewer.port)
        browser.get("/")
        before = viewer.memory("VmRSS")
        print(f"| stale results, until they are known | 1 | {1000 * stale_seconds(browser):,.0f} | | | |", flush=True)
        for case in cases(known, asked.times, random):
            if asked.only in case.name:
                measure(browser, viewer, case)
        if not asked.only:
            pictures(browser, viewer, known, random)
            writes(browser, output, known, random)
        after, peak = viewer.memory("VmRSS"), viewer.memory("VmHWM")
    print(f"\nserver: {before:,.0f} MiB after its first page, {after:,.0f} MiB at the end, {peak:,.0f} MiB at most")
    print(f"{sum(1 for _ in output.rglob('part-*.parquet'))} fragments; load {os.getloadavg()[0]:.2f} at the end")


def measure(browser: Browser, viewer: Viewer, case: Case) -> None:
    """Ask for all of it."""
    before = viewer.busy_ms()
    seconds = [browser.seconds(address) for address in case.addresses]
    report(case.name, seconds, viewer.busy_ms() - before)


if __name__ == "__main__":
    main()
