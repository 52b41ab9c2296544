"""What changes under a run or between two, and what lies about from before: never a mix, and in the end as if made at once."""

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from f2s_catalog import s3_client, storage
from f2s_catalog.place import place

from tests.faults.checker import digests, violations
from tests.faults.judged import Calm, Judged, calm_run, seen

CHANGED, GONE, ADDED = "scans/grey.jpg", "scans/alpha.png", "scans/new.jpg"


@pytest.fixture
def moving(command, tmp_path):
    """The command with an INPUT of its own."""
    source = tmp_path / "in"
    shutil.copytree(command.source, source)
    return replace(command, source=str(source))


def change(source: Path) -> None:
    """Other bytes of the same size under one name, one file less, one more."""
    content = (source / CHANGED).read_bytes()
    middle = content.rindex(b"\xff\xda") + 40
    (source / CHANGED).write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    (source / GONE).unlink()
    (source / ADDED).write_bytes((source / "scans/ink.jpg").read_bytes())


@pytest.fixture
def afresh(moving, tmp_path) -> Calm:
    """What a run makes that only ever sees the changed INPUT."""
    shutil.copytree(moving.source, tmp_path / "after/in")
    change(tmp_path / "after/in")
    return calm_run(replace(moving, source=str(tmp_path / "after/in"), output=str(tmp_path / "after/out")))


def same_as(afresh: Calm, command, ended) -> list[str]:
    """What is wrong with results of files that are there; what a file left that is gone may stay."""
    output = seen(command.output)
    found = violations(dict(afresh.before), seen(command.source), output, ended[:2], gone=frozenset({GONE}))
    tree = digests(output, "restored")
    return found + [f"{path} has other bytes" for path, wanted in afresh.tree.items() if tree.get(path) != wanted]


@pytest.mark.fault("F20", "a row that says so, never a mix; the next run restores what is there now")
def test_inputs_that_change_between_listing_and_reading(moving, afresh, calm, tell):
    job = moving.start()
    assert job.until(len(calm.before))  # all are listed and probed
    change(Path(moving.source))
    code, _, err = job.ended()
    assert (code, err) == (1, "")
    tree = digests(seen(moving.output), "restored")
    for path in tree:
        assert tree[path] in (calm.tree.get(path), afresh.tree.get(path)), path
    assert CHANGED not in tree
    ended = moving.to_its_end()
    tell(Judged(same_as(afresh, moving, ended), 0, 0), "failed as changed, restored by the next run")


@pytest.mark.long
@pytest.mark.fault("F17", "only what is concerned is made again, never mixed; exact though killed")
@pytest.mark.parametrize("seed", [31, 32])
def test_inputs_and_configuration_that_change_between_two_runs(seed, moving, tell, tmp_path):
    moving.to_its_end()
    change(Path(moving.source))
    shutil.copytree(moving.source, tmp_path / "after/in")
    other = replace(moving, more=("--set", "restore.quality=70"))
    afresh = calm_run(replace(other, source=str(tmp_path / "after/in"), output=str(tmp_path / "after/out")))
    chance = Random(seed)
    items = chance.randrange(afresh.items // 2)
    assert other.killed(items, 0.02, "driver", chance)
    ended = other.to_its_end()
    tell(Judged(same_as(afresh, other, ended), 0, 0), f"killed after {items} items; the tree of a run from nothing")


def leftovers(output: Path) -> None:
    """What killed writers of all kinds leave."""
    for name in (
        "catalog/attempts/.part-00000000000009.3f.tmp",
        "catalog/biometric/faces/.part-00000000000009.3f.tmp",
        "work/making-00.jpg",
        "work/inflight-00",
        "work/00.png",
    ):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(b"torn")


@pytest.mark.long
@pytest.mark.fault("F18", "what lies about is removed; resume exact")
def test_what_killed_writers_left_in_a_folder_is_removed(calm, command, tell):
    assert command.killed(calm.items // 2, 0.1, "driver", Random(1))
    leftovers(Path(command.output))
    tell(calm.resumed(command), "removed")


@pytest.mark.long
@pytest.mark.fault("F18", "uploads that were begun are ended; resume exact")
def test_what_killed_writers_left_in_a_bucket_is_removed(calm, command, s3, variables, tell):
    one = replace(command, output="s3://films/leftovers/out")
    calm = replace(calm, files=s3.filesystem())
    client, key = s3_client.client(), "leftovers/out/restored/scans/grey.jpg"
    upload = client.create_multipart_upload(Bucket="films", Key=key)["UploadId"]
    client.upload_part(Bucket="films", Key=key, PartNumber=1, UploadId=upload, Body=b"half")
    for name in ("work/making-00.jpg", "work/inflight-00"):
        storage.write(place(one.output) / name, b"torn")
    judged = calm.resumed(one)
    assert client.list_multipart_uploads(Bucket="films", Prefix="leftovers/").get("Uploads", []) == []
    tell(judged, "ended and removed")
