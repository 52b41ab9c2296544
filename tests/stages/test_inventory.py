"""Everything under INPUT is listed once, and nothing is opened."""

import os
import socket
import unicodedata
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import pytest
from f2s_catalog import s3_client
from f2s_catalog.arrow import from_table
from f2s_catalog.place import S3Prefix
from f2s_catalog.records import Source

from f2s_ray.errors import ConfigError
from f2s_ray.stages import inventory


def list_sources(root):
    return from_table(Source, inventory.list_sources(root))


def listed(root: Path) -> dict[str, str | None]:
    return {source.path: source.trouble for source in list_sources(root)}


def test_files_in_nested_folders_are_listed_by_path_with_size_and_time(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.jpg").write_bytes(b"12345")
    (tmp_path / "a.png").write_bytes(b"1")
    os.utime(tmp_path / "a.png", ns=(1, 946_684_800_123_456_789))
    sources = list_sources(tmp_path)
    assert [(source.path, source.byte_count) for source in sources] == [("a.png", 1), ("b/x.jpg", 5)]
    assert sources[0].modified_ns == 946_684_800_123_456_789


def test_an_empty_folder_gives_no_rows(tmp_path):
    assert list_sources(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "with space.jpg",
        'it\'s "quoted".jpg',
        "new\nline.jpg",
        "tab\tand\x1b[31mcolour.jpg",
        "x" * 200 + ".jpg",
        "-rf.jpg",
        "%2e%2e.jpg",
        ".hidden.jpg",
        "Thumbs.db",
        "ünïcödé 写真.jpg",
    ],
)
def test_odd_names_are_kept_as_they_are(tmp_path, name):
    (tmp_path / name).write_bytes(b"1")
    assert listed(tmp_path) == {name: None}


def test_both_normal_forms_of_one_name_are_two_files(tmp_path):
    for form in ("NFC", "NFD"):
        (tmp_path / unicodedata.normalize(form, "Zoë.jpg")).write_bytes(b"1")
    assert len(listed(tmp_path)) == 2


def test_a_folder_named_like_a_picture_is_a_row_and_is_still_walked(tmp_path):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x.jpg" / "y.jpg").write_bytes(b"1")
    found = listed(tmp_path)
    assert found["x.jpg"].startswith("directory: ")
    assert found["x.jpg/y.jpg"] is None


def test_links_are_told_and_never_followed(tmp_path):
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nothing")
    found = listed(tmp_path)
    assert set(found) == {"etc", "loop", "dead.jpg"}
    assert all(trouble.startswith("link: ") for trouble in found.values())


def test_pipes_and_sockets_are_told_and_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        found = listed(tmp_path)
    assert set(found) == {"pipe.jpg", "socket.jpg"}
    assert all(trouble.startswith("special: ") for trouble in found.values())


def test_a_name_that_is_not_utf8_is_a_row_of_its_own_even_beside_its_twin(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")).write_bytes(b"1")
    (tmp_path / "caf\\xe9.jpg").write_bytes(b"22")
    sources = list_sources(tmp_path)
    assert len({source.path for source in sources}) == 2
    assert {source.byte_count: source.trouble is None for source in sources} == {1: False, 2: True}
    assert all(source.path.encode("utf-8") for source in sources)


def test_what_lies_in_a_folder_whose_name_is_not_utf8_is_told_too(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/ann\xe9e"))
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"1")
    assert list(listed(tmp_path).values()) == ["name: not UTF-8; rename the file or its folder"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_without_the_right_to_list_it_is_a_row(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o000)
    try:
        assert listed(tmp_path)["locked"].startswith("unreadable: ")
    finally:
        locked.chmod(0o700)


def test_a_root_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(ConfigError, match="cannot be listed"):
        list_sources(tmp_path / "none")


def test_the_order_does_not_depend_on_the_file_system(tmp_path):
    for name in ("c", "a", "b"):
        (tmp_path / name).write_bytes(b"")
    assert [source.path for source in list_sources(tmp_path)] == ["a", "b", "c"]


HOSTILE = {
    "../outside.jpg": "name",
    "a/../../b.jpg": "name",
    "./a.jpg": "name",
    "a//b.jpg": "name",
    "/absolute.jpg": "name",
    "a/": "name",
    f"{'é' * 130}.jpg": "name",
    "line\nbreak.jpg": None,
    "two words + %20.jpg": None,
    "Case.jpg": None,
    "case.jpg": None,
    "/".join(["thousand"] * 111): None,
    "caf\u00e9.jpg": None,
    "cafe\u0301.jpg": None,
}
"""Keys that a bucket may have, and the first word of the trouble with them."""
MARKS = ("", "mark of a folder/")  # of INPUT itself and of a folder in it, as consoles make them


class _Lister(BaseHTTPRequestHandler):
    """Answers each listing with the hostile keys, in two pages; servers that are installed here refuse most of them."""

    def do_GET(self):
        keys = [*HOSTILE, *MARKS]
        is_second = "continuation-token=" in self.path
        some = keys[7:] if is_second else keys[:7]
        rows = "".join(
            f"<Contents><Key>{quote('archive/' + key)}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f'<ETag>"{number:032x}"</ETag><Size>{0 if key in MARKS else 7}</Size></Contents>'
            for number, key in enumerate(some)
        )
        more = "" if is_second else "<NextContinuationToken>t</NextContinuationToken>"
        body = (
            f"<ListBucketResult><Name>bucket</Name><IsTruncated>{str(not is_second).lower()}</IsTruncated>{more}"
            f"<EncodingType>url</EncodingType>{rows}</ListBucketResult>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_keys_that_are_no_paths_are_rows_that_say_so(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), _Lister) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        s3_client.client.cache_clear()
        found = list_sources(S3Prefix("bucket", "archive"))
        server.shutdown()
    s3_client.client.cache_clear()
    assert {source.path: source.trouble and source.trouble.partition(":")[0] for source in found} == HOSTILE
    assert [source.path for source in found] == sorted(HOSTILE)
    assert {source.modified_ns for source in found} == {1_767_323_045 * 10**9}
    assert all(source.etag.startswith('"') for source in found)
