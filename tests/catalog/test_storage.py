"""Whole files to a place and back, in a folder and on a real server."""

import hashlib
import os
from dataclasses import replace

import pytest
from f2s_catalog import s3_client
from f2s_catalog.place import S3Prefix
from f2s_catalog.storage import (
    digest_of,
    drop_uploads,
    look,
    move,
    read,
    read_first,
    read_range,
    remove,
    upload,
    walk,
    write,
    write_new,
)

from tests.s3_server import BUCKET, wire_to

ODD = (
    "a b.jpg",
    "é/ü.jpg",
    "Upper.jpg",
    "upper.jpg",
    "per%20cent+plus.jpg",
    "?versionId=1",
    "line\nbreak.jpg",
    "[x]*.jpg",
)


@pytest.fixture(params=["folder", "bucket"])
def there(request, tmp_path):
    if request.param == "folder":
        return tmp_path / "there"
    request.getfixturevalue("variables")
    return S3Prefix(BUCKET, f"storage/{tmp_path.name}")


def test_what_is_written_is_read_listed_and_removed(there):
    for name in ODD:
        write(there / name, name.encode())
    assert {found.path: found.byte_count for found in walk(there)} == {name: len(name.encode()) for name in ODD}
    for found in walk(there):
        assert read(there / found.path) == found.path.encode()
        assert replace(look(there / found.path), path=found.path) == found
    for name in ODD:
        remove(there / name)
        remove(there / name)
    assert list(walk(there)) == []
    assert look(there / ODD[0]) is None
    with pytest.raises(FileNotFoundError):
        read(there / ODD[0])


def test_a_folder_that_is_not_there_holds_nothing(there):
    assert list(walk(there / "nowhere")) == []


def test_a_file_of_many_parts_arrives_as_it_was(variables, tmp_path):
    file, there = tmp_path / "large", S3Prefix(BUCKET, f"storage/{tmp_path.name}")
    content = os.urandom(2 * s3_client.PART_BYTES + 12345)
    file.write_bytes(content)
    upload(there / "deep/er/large", file)
    assert read(there / "deep/er/large") == content
    assert [found.path for found in walk(there)] == ["deep/er/large"]
    assert digest_of(there / "deep/er/large") == hashlib.sha256(content).hexdigest()


def test_the_first_bytes_come_with_what_is_told_of_an_object(variables, tmp_path):
    there = S3Prefix(BUCKET, f"storage/{tmp_path.name}")
    for name, content in {"some": b"0123456789", "few": b"01", "none": b""}.items():
        write(there / name, content)
        found, first = read_first(there / name, 4, "")
        assert (found, first) == (look(there / name), content[:4])
        assert read_first(there / name, 4, found.stamp) == (found, content[:4])
        with pytest.raises(FileExistsError):
            read_first(there / name, 4, '"of another one"')
    with pytest.raises(FileNotFoundError):
        read_first(there / "nowhere", 4, "")


def test_a_file_takes_its_digest_along_when_it_moves(there, tmp_path):
    write(there / "one", b"one")
    assert digest_of(there / "one") == hashlib.sha256(b"one").hexdigest()
    move(there / "one", there / "other/place")
    assert [found.path for found in walk(there)] == ["other/place"]
    assert digest_of(there / "other/place") == hashlib.sha256(b"one").hexdigest()
    assert digest_of(there / "one") is None
    with pytest.raises(FileNotFoundError):
        move(there / "one", there / "nowhere")


def test_another_content_has_another_stamp_and_is_not_fetched_under_the_old_one(variables, tmp_path):
    where = S3Prefix(BUCKET, f"storage/{tmp_path.name}/one")
    write(where, b"first")
    first = look(where).stamp
    assert read_range(where, 1, 3, first) == b"ir"
    write(where, b"other")
    with pytest.raises(FileExistsError):
        read_range(where, 1, 3, first)
    assert look(where).stamp != first


def test_only_the_first_is_put_where_nothing_was(variables, tmp_path):
    where = S3Prefix(BUCKET, f"storage/{tmp_path.name}/new")
    assert write_new(where, b"mine")
    assert not write_new(where, b"theirs")
    assert write_new(where, b"mine")  # the same request, sent twice
    assert read(where) == b"mine"


def test_uploads_that_were_never_ended_are_ended(variables, tmp_path):
    root = S3Prefix(BUCKET, f"storage/{tmp_path.name}")
    client = s3_client.client()
    for key in (f"{root.key}/half", f"{root.key}-other/half"):
        begun = client.create_multipart_upload(Bucket=BUCKET, Key=key)
        client.upload_part(Bucket=BUCKET, Key=key, UploadId=begun["UploadId"], PartNumber=1, Body=b"x" * 6_000_000)
    assert drop_uploads(root) == 1
    assert drop_uploads(root) == 0
    assert drop_uploads(S3Prefix(BUCKET, f"{root.key}-other")) == 1


def test_what_a_server_says_is_told_as_of_a_disk(variables, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError) as nowhere:
        read(S3Prefix("no-such-bucket", "a"))
    assert "NoSuch" in nowhere.value.strerror
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    s3_client.client.cache_clear()
    with pytest.raises(PermissionError) as refused:
        write(S3Prefix(BUCKET, "a"), b"")
    assert "wrong" not in str(refused.value)
    with wire_to(None) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL", deaf.endpoint)
        s3_client.client.cache_clear()
        with pytest.raises(OSError, match="endpoint URL"):
            read(S3Prefix(BUCKET, "a"))
        assert deaf.connections > 1


def test_links_are_listed_nowhere(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to("/etc")
    assert list(walk(tmp_path / "in")) == []
