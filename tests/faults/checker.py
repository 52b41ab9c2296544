"""An archive and its OUTPUT to what is wrong with them, by nothing but Parquet and digests: it shares no code with what it judges.

I1  every file of INPUT ends as a result or as a row that says why not, and as one of them alone
I2  every result is there, with the bytes that its row says
I3  nothing lies among the results that has no row, and nothing is left aside
I4  INPUT is as it was
I5  the exit code and the last line agree with the catalog
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

__all__ = ["Seen", "digests", "torn", "violations"]

LAST_LINE = re.compile(r"(\d+) done, (\d+) failed, (\d+) pending")
_LATEST = ["step", "item_id"]


@dataclass(frozen=True)
class Seen:
    """What is judged: a folder or a bucket's prefix, with the filesystem that reads it."""

    files: fs.FileSystem
    root: str

    @classmethod
    def folder(cls, path: Path) -> "Seen":
        return cls(fs.LocalFileSystem(), str(path))

    def below(self, name: str) -> dict[str, str]:
        """Path to full path of all files."""
        folder = f"{self.root}/{name}".rstrip("/")
        found = self.files.get_file_info(fs.FileSelector(folder, allow_not_found=True, recursive=True))
        return {one.path.removeprefix(f"{folder}/"): one.path for one in found if one.type == fs.FileType.File}

    def bytes(self, full: str) -> bytes:
        with self.files.open_input_file(full) as file:
            return file.read()

    def table(self, name: str) -> list[dict]:
        """All stored rows, each once: a merged file may lie beside those that it replaces."""
        parts = [full for path, full in self.below(f"catalog/{name}").items() if path.endswith(".parquet")]
        tables = [pq.read_table(pa.BufferReader(self.bytes(full)), page_checksum_verification=True) for full in parts]
        return list({repr(row): row for table in tables for row in table.to_pylist()}.values())


def digests(place: Seen, name: str = "") -> dict[str, str]:
    """SHA-256 of all files."""
    return {path: hashlib.sha256(place.bytes(full)).hexdigest() for path, full in place.below(name).items()}


def torn(expected: Mapping[str, str], output: Seen) -> list[str]:
    """What lies under a final name and is not whole, after a run that did not come to its end.

    Args:
        expected: digests of the results of a run that did.
        output: OUTPUT.
    """
    found = [
        f"I2 restored/{path}" for path, is_what in digests(output, "restored").items() if expected.get(path) != is_what
    ]
    for path, full in output.below("catalog").items():
        if path.endswith(".parquet"):
            try:
                pq.read_table(pa.BufferReader(output.bytes(full)), page_checksum_verification=True)
            except (OSError, ValueError) as error:
                found.append(f"I3 catalog/{path}: {error}")
    return found


def violations(
    before: Mapping[str, str], source: Seen, output: Seen, ended: tuple[int, str], gone: Collection[str] = ()
) -> list[str]:
    """All that is wrong; nothing where all holds.

    Args:
        before: digests of INPUT before the first run, or after it was changed on purpose.
        source: INPUT.
        output: OUTPUT.
        ended: exit code and standard output of the last run.
        gone: files that were taken out of INPUT; what they left may stay.
    """
    attempts = output.table("attempts")
    latest: dict[tuple, dict] = {}
    for row in attempts:
        key = (row["step"], row["item_id"])
        if key not in latest or (row["number"], row["sequence"]) > (latest[key]["number"], latest[key]["sequence"]):
            latest[key] = row
    done = {
        (r["step"], r["item_id"], r["fingerprint"], r["sequence"]) for r in latest.values() if r["status"] == "done"
    }
    keys = ("step", "item_id", "fingerprint", "sequence")
    results = [row for row in output.table("restored") if tuple(row[key] for key in keys) in done]
    paths = {row["media_id"]: row["path"] for row in output.table("media") if tuple(row[key] for key in keys) in done}
    restored = {paths.get(row["media_id"], "?"): row for row in results}
    restored = {path: row for path, row in restored.items() if path not in gone}
    troubles = {
        row["path"]: row["status"] for row in latest.values() if row["status"] != "done" and row["path"] not in gone
    }
    counted = Counter(paths.get(row["media_id"], "?") for row in results)
    found = [f"I1 {path} has {count} results" for path, count in counted.items() if count > 1]
    for path in before:
        if (path in restored) == (path in troubles):
            found.append(f"I1 {path}: restored {path in restored}, trouble {troubles.get(path)}")
    found += [f"I1 {path} is no file of INPUT" for path in (set(restored) | set(troubles)) - set(before)]
    there = digests(output, "restored")
    for path, row in restored.items():
        if there.get(row["path"].removeprefix("restored/")) != row["digest"]:
            found.append(f"I2 {path}: its result is gone or has other bytes")
    known = {row["path"].removeprefix("restored/") for row in results}
    found += [f"I3 restored/{path} has no row" for path in set(there) - known]
    found += [f"I3 work/{path} is left" for path in output.below("work")]
    found += [f"I3 catalog/{path} is left" for path in output.below("catalog") if path.endswith(".tmp")]
    found += [f"I4 {path} differs" for path, _ in set(digests(source).items()) ^ set(before.items())]
    code, out = ended
    counts = LAST_LINE.fullmatch(out.strip().splitlines()[-1] if out.strip() else "")
    failed = sum(status == "failed" for status in troubles.values())
    if counts is None or tuple(map(int, counts.groups())) != (len(restored), failed, 0) or code != (1 if failed else 0):
        found.append(
            f"I5 code {code}, last line {out.strip().splitlines()[-1:]}: {len(restored)} done, {failed} failed"
        )
    return found
