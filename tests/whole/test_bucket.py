"""An archive in object storage, on a real server: restored from there and into there, with the bytes of a folder."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest
from f2s_catalog import s3_client, storage
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place, S3Prefix, place
from f2s_catalog.records import Face, MediaItem, Source
from f2s_catalog.storage import read, walk, write

from tests.s3_server import BUCKET, SECRET
from tests.view.asking import ask
from tests.view.site_archive import served
from tests.whole.made import FILM, GOOD, PEOPLE, SAMPLED, TROUBLE, Ended, f2s

NO_OBJECT = frozenset({"link.jpg", "pipe.jpg", "folder.jpg", "unreadable\\xff.jpg"})


@dataclass(frozen=True)
class InBucket:
    source: S3Prefix
    output: Place
    ended: Ended


@pytest.fixture(scope="module")
def on_server(s3):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.variables.items():
            patch.setenv(name, value)
        s3_client.client.cache_clear()
        yield s3
        s3_client.client.cache_clear()


@pytest.fixture(scope="module")
def source(on_server, restored) -> S3Prefix:
    """The archive as objects, and the mark of an empty folder."""
    there = S3Prefix(BUCKET, "whole/the archive")
    root = restored.archive.source
    for path in restored.source_before:
        if "\udcff" not in path and not (root / path).is_symlink():
            write(there / path, (root / path).read_bytes())
    s3_client.client().put_object(Bucket=BUCKET, Key=f"{there.key}/a folder/", Body=b"")
    return there


@pytest.fixture(scope="module")
def bucket(source, restored) -> InBucket:
    output = S3Prefix(BUCKET, "whole/restored archive")
    words = ("restore", source, output, "--set", f"model.weights={restored.archive.weights}")
    return InBucket(source, output, f2s(*words))


def digests(output: Place) -> dict[str, str]:
    folder = output / "restored"
    return {found.path: hashlib.sha256(read(folder / found.path)).hexdigest() for found in walk(folder)}


def test_the_results_are_those_of_a_folder_byte_for_byte(bucket, restored):
    assert digests(bucket.output) == digests(restored.archive.output)
    troubles = len(TROUBLE) - len(NO_OBJECT) - 1
    assert bucket.ended.out.splitlines()[-1] == f"{len(GOOD)} done, {troubles} failed, 0 pending", bucket.ended
    assert bucket.ended.code == 1


def test_nothing_else_is_left_and_nothing_knows_the_secret(bucket):
    tops = {found.path.partition("/")[0] for found in walk(bucket.output)}
    assert tops == {"catalog", "restored", "runs"}
    for found in walk(bucket.output):
        assert SECRET.encode() not in read(bucket.output / found.path), found.path


def test_the_same_again_does_nothing(bucket, restored):
    before = {found.path: found.stamp for found in walk(bucket.output / "restored")}
    again = f2s("restore", bucket.source, bucket.output, "--set", f"model.weights={restored.archive.weights}")
    assert again.out.splitlines()[-1] == bucket.ended.out.splitlines()[-1]
    assert '"event": "item"' not in again.out
    assert {found.path: found.stamp for found in walk(bucket.output / "restored")} == before


def test_the_state_can_be_asked_for(bucket):
    status = f2s("status", bucket.output)
    assert status.out.splitlines()[-1] == bucket.ended.out.splitlines()[-1]
    assert "no_path" not in status.err
    assert "truncated.jpg" in f2s("failed", bucket.output).out
    assert f2s("plan", bucket.output).code == 1


def test_the_viewer_and_the_page_show_what_lies_in_the_bucket(bucket):
    catalog = Catalog(bucket.output)
    by_path = {row.path: row.media_id for row in catalog.rows(MediaItem)}
    face = next(face for face in catalog.rows(Face) if face.media_id == by_path[PEOPLE[0]])
    with served(bucket.source, bucket.output) as (address, _):
        for path in (
            "/",
            f"/media/{by_path[PEOPLE[0]]}",
            f"/media/{by_path[FILM]}",
            "/failures",
            "/runs",
            "/find?q=faces:1",
        ):
            page = ask(address + path)
            assert page.status == 200, path
        for one in (f"face/{face.face_id}", f"after/{by_path[PEOPLE[0]]}", f"before/{by_path[FILM]}"):
            image = ask(f"{address}/image/{one}")
            assert image.headers["content-type"] == "image/jpeg", one
    page = place(f2s("report", bucket.output).out.strip())
    assert read(page).decode().count("data:image/jpeg") > 20


def test_a_person_is_named_in_the_bucket_and_the_name_reaches_the_results(bucket, restored):
    catalog = Catalog(bucket.output)
    by_path = {row.media_id: row.path for row in catalog.rows(MediaItem)}
    face = next(face for face in catalog.rows(Face) if by_path[face.media_id] == PEOPLE[0])
    person = next(row for row in catalog.view("people").to_pylist() if row["primary_face_id"] == face.face_id)
    assert f2s("people", "name", bucket.output, person["label"], "Eileen").code == 0
    assert "Eileen" in f2s("people", "list", bucket.output).out
    again = f2s("restore", bucket.source, bucket.output, "--set", f"model.weights={restored.archive.weights}")
    assert again.out.splitlines()[-1] == bucket.ended.out.splitlines()[-1]
    assert b"Eileen" in read(bucket.output / "restored" / PEOPLE[0])
    for words in (("erase", bucket.output, "Eileen", "--yes"),):
        assert f2s("people", *words).code == 0
    assert not any(b"Eileen" in read(bucket.output / found.path) for found in walk(bucket.output))


def assert_alike(output: Place, whole: Path) -> None:
    """Pictures without people are the same, whoever else is in the archive."""
    made, wanted = digests(output), digests(whole)
    assert len(set(made) & set(SAMPLED)) >= 5
    assert all(made[path] == wanted[path] for path in set(made) & set(SAMPLED))


def test_from_a_bucket_into_a_folder(source, restored, tmp_path):
    words = ("restore", source, tmp_path / "out", "--set", f"model.weights={restored.archive.weights}", "--limit", "12")
    f2s(*words)
    assert_alike(tmp_path / "out", restored.archive.output)


def test_from_a_folder_into_a_bucket(restored, on_server):
    output = S3Prefix(BUCKET, "whole/from a folder")
    words = ("restore", restored.archive.source, output, "--set", f"model.weights={restored.archive.weights}")
    f2s(*words, "--limit", "12")
    assert_alike(output, restored.archive.output)


def test_an_object_that_changed_is_restored_again_and_one_that_went_is_not_listed(
    source, restored, on_server, tmp_path
):
    there, output = S3Prefix(BUCKET, "whole/changing"), S3Prefix(BUCKET, "whole/changed")
    root = restored.archive.source
    for name in ("scans/grey.jpg", "scans/alpha.png", "scans/grey16.png"):
        write(there / name, (root / name).read_bytes())
    words = ("restore", there, output, "--set", f"model.weights={restored.archive.weights}")
    assert f2s(*words).out.splitlines()[-1] == "3 done, 0 failed, 0 pending"
    first = digests(output)
    write(there / "scans/grey.jpg", (root / "scans/ink.jpg").read_bytes())
    storage.remove(there / "scans/alpha.png")
    ended = f2s(*words)
    assert ended.out.splitlines()[-1] == "2 done, 0 failed, 0 pending"
    second = digests(output)
    assert second["scans/grey.jpg"] != first["scans/grey.jpg"]
    assert second["scans/grey16.png"] == first["scans/grey16.png"]
    assert {row.path for row in Catalog(output).rows(Source)} == {"scans/grey.jpg", "scans/grey16.png"}


def test_what_is_wrong_with_a_place_is_one_line(source, tmp_path):
    for words, said in (
        (("s3://", "out"), "give a folder, or s3://BUCKET/PREFIX"),
        (("ftp://a/b", "out"), "give a folder, or s3://BUCKET/PREFIX"),
        (("s3://no-such-bucket/a", tmp_path / "out"), "is not there"),
        (("s3://films/no such prefix", tmp_path / "out"), "is not there"),
        ((source, source / "out"), "lies inside INPUT"),
        ((source / "names", source), "lies inside OUTPUT"),
    ):
        ended = f2s("restore", *words)
        assert ended.code in (2, 3), ended
        assert said in ended.err
        assert len(ended.err.splitlines()) == 1, ended.err


def test_who_may_not_write_is_told_before_any_work(on_server, restored, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    s3_client.client.cache_clear()
    ended = f2s("restore", restored.archive.source, "s3://films/out")
    assert ended.code == 3
    assert "cannot write to OUTPUT s3://films/out: " in ended.err
    assert "another-secret" not in ended.err
    assert len(ended.err.splitlines()) == 1
    monkeypatch.undo()
    s3_client.client.cache_clear()
