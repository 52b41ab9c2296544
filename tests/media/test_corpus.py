"""Every file of a corpus of damaged and hostile files ends in exactly one outcome."""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

LIMIT_SECONDS = 240
CHILD = """
import json, resource, sys, time
from pathlib import Path
from f2s_ray.errors import MediaError
from f2s_ray.media.decode import decode
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe

for name in json.load(sys.stdin):
    print(json.dumps({"start": name}), flush=True)
    begin, path = time.perf_counter(), Path(name)
    try:
        photo = decode(path, probe(path, Limits()), Limits())
        kind, message = "ok", f"{len(photo.pages)} page(s)"
    except MediaError as error:
        kind, message = error.kind, error.message
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.perf_counter() - begin
    row = {"name": path.name, "kind": kind, "message": message, "seconds": seconds, "peak_mib": peak}
    print(json.dumps(row), flush=True)
"""
# Whole for decoders that patch damage; looked at, they show grey, noise, or one frame of three.
REFUSED = {
    "exo__pixel-motion-photo-shortened.jpg": "truncated",
    "pillow__hopper_bad_exif.jpg": "broken",
    "tc__animated.heic": "animated",
}


@pytest.fixture(scope="module")
def expected(corpus: Path) -> dict[str, dict[str, str]]:
    with (corpus / "manifest.csv").open() as file:
        return {row["file"]: row for row in csv.DictReader(file) if (corpus / row["file"]).is_file()}


@pytest.fixture(scope="module")
def outcomes(corpus: Path, expected: dict[str, dict[str, str]]) -> dict[str, dict]:
    """A child process reads them all; a crash or a hang of it names the file and fails the test, not the machine."""
    names = json.dumps([str(corpus / name) for name in sorted(expected)])
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=names, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    lines = [json.loads(line) for line in child.stdout.splitlines()]
    assert child.returncode == 0, (lines[-1], child.stderr[-2000:])
    return {line["name"]: line for line in lines if "name" in line}


def test_every_file_has_one_outcome_with_one_line_of_reason(outcomes: dict, expected: dict) -> None:
    assert outcomes.keys() == expected.keys()
    assert not [row for row in outcomes.values() if "\n" in row["message"] or not row["message"]]
    slowest = max(outcomes.values(), key=lambda row: row["seconds"])
    peak = max(row["peak_mib"] for row in outcomes.values())
    counts = dict(Counter(row["kind"] for row in outcomes.values()))
    sys.stderr.write(f"{counts}; slowest {slowest['name']} {slowest['seconds']:.2f} s; peak {peak} MiB\n")


def test_what_should_be_refused_is_refused(outcomes: dict, expected: dict) -> None:
    wrong = [
        name for name, row in expected.items() if row["expected"] == "clear error" and outcomes[name]["kind"] == "ok"
    ]
    assert wrong == []


def test_good_photos_are_read_but_for_those_that_are_not_whole(outcomes: dict, expected: dict) -> None:
    good = {name for name, row in expected.items() if row["kind"] == "photo" and row["expected"] == "ok"}
    refused = {name: outcomes[name]["kind"] for name in good if outcomes[name]["kind"] != "ok"}
    assert refused == REFUSED


def test_film_is_no_photo(outcomes: dict, expected: dict) -> None:
    films = {name for name, row in expected.items() if row["kind"] == "video" and row["expected"] == "ok"}
    assert {outcomes[name]["kind"] for name in films} == {"skipped:film"}


def test_a_picture_decoded_to_noise_is_flagged(outcomes: dict) -> None:
    assert outcomes["tc__bad_huffman.jpg"]["kind"] == "broken"
