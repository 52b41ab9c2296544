"""Catalogs in object storage, on a real server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from f2s_catalog.arrow import schema_of
from f2s_catalog.cipher import KEY_FILE
from f2s_catalog.errors import CatalogError, RewrittenError
from f2s_catalog.find import find
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.place import S3Prefix, filesystem, inside, is_gone, place
from f2s_catalog.query import query
from f2s_catalog.records import Face, Source
from f2s_catalog.storage import remove, write
from f2s_catalog.store import table_folder
from f2s_catalog.views import reading

from tests.catalog.made import attempt_of, face, outcome, source
from tests.catalog.test_find import Archive
from tests.s3_server import BUCKET, SECRET, wire_to

F2S = str(Path(sys.executable).with_name("f2s"))
ANN, BEN = "a" * 32, "b" * 32


@pytest.fixture
def archive(tmp_path):
    made = Archive(tmp_path / "archive")
    for name, people in [("1990 both é.jpg", (ANN, BEN)), ("ann.jpg", (ANN,)), ("ben.jpg", (BEN,)), ("none.jpg", ())]:
        media_id = made.media(name)
        for person in people:
            made.seen(person, media_id)
    film = made.media("film.mkv", kind="film")
    made.seen(ANN, film, (0, 4), (9, 12))
    made.commit()
    return made.root


QUESTIONS = ("person:Ann -person:Ben", "person:Ann|Ben", "only:Ben", "faces:>=2", "kind:film person:Ann", "1990", "")


def test_answers_are_the_same_as_those_of_a_folder(s3, variables, archive):
    there = place(s3.upload(archive, "same/as local"))
    for question in QUESTIONS:
        assert find(there, question) == find(archive, question), question
    assert find(there, "person:Ann -person:Ben")
    for view in ("people", "appearances", "facts", "cost", "restorations", "stale"):
        assert query(there, f"SELECT * FROM {view}") == query(archive, f"SELECT * FROM {view}"), view


def test_what_is_not_asked_for_is_not_fetched(s3, variables, tmp_path, monkeypatch):
    root, count = tmp_path / "archive", 40_000
    one = face(0).model_dump()
    vectors = np.random.default_rng(0).normal(size=(count, 128)).astype(np.float32)
    columns = {name: [value] * count for name, value in one.items()}
    columns |= {"face_id": [f"{number:032}" for number in range(count)], "embedding": list(vectors)}
    rows = pa.table({name: pa.array(column, schema_of(Face).field(name).type) for name, column in columns.items()})
    Catalog(root).commit((Face,), [Outcome(attempt_of("*"), (), {Face: rows.cast(schema_of(Face))})])
    there = place(s3.upload(root, "large"))
    (path,) = table_folder(root, Face).glob("*.parquet")
    with wire_to(s3.endpoint) as wire:
        monkeypatch.setenv("AWS_ENDPOINT_URL", wire.endpoint)
        answer = query(there, "SELECT count(*) AS n, max(score) AS score FROM faces")
    assert answer.to_pylist() == [{"n": count, "score": 0.5}]
    assert path.stat().st_size > 15_000_000
    assert 0 < wire.received < 3_000_000


def test_an_encrypted_table_opens_with_its_key_alone(s3, variables, tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    monkeypatch.setenv(KEY_FILE, str(key))
    Catalog(tmp_path / "archive").commit((Face,), [outcome("a", face(0))])
    there = place(s3.upload(tmp_path / "archive", "sealed"))
    assert query(there, "SELECT face_id FROM faces").to_pylist() == [{"face_id": "m/0/0"}]
    monkeypatch.delenv(KEY_FILE)
    with pytest.raises(CatalogError, match=r"s3://films/sealed/.* is encrypted; set F2S_KEY_FILE"):
        query(there, "SELECT face_id FROM faces")


def test_a_damaged_object_is_named(s3, variables, tmp_path):
    catalog = Catalog(tmp_path / "archive")
    catalog.commit((Source,), [outcome("*", *[source(f"{index}.jpg", index) for index in range(50)])])
    (path,) = table_folder(tmp_path / "archive", Source).glob("*.parquet")
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    there = place(s3.upload(tmp_path / "archive", "damaged"))
    with pytest.raises(CatalogError, match=rf"s3://films/damaged/catalog/sources/{path.name} is damaged; restore it"):
        query(there, "SELECT * FROM sources")


def test_an_object_that_went_meanwhile_is_told_as_such(s3, variables, tmp_path):
    Catalog(tmp_path / "archive").commit((Source,), [outcome("*", source("a.jpg"))])
    (path,) = table_folder(tmp_path / "archive", Source).glob("*.parquet")
    there = place(s3.upload(tmp_path / "archive", "rewritten"))

    def ask():
        with reading(there, (Source,)) as connection:
            s3.filesystem().delete_file(f"{BUCKET}/rewritten/catalog/sources/{path.name}")
            connection.sql("SELECT * FROM sources").fetchall()

    with pytest.raises(RewrittenError, match="was rewritten while it was read"):
        ask()


def test_an_object_that_went_after_it_was_opened_is_gone_too(s3, variables):
    path = place(f"s3://{BUCKET}/went/file")
    write(path, bytes(4096))
    with filesystem(path).open_input_file(inside(path)) as file:
        remove(path)
        with pytest.raises(OSError, match=r"NOT_FOUND|NO_SUCH_KEY") as caught:
            file.read()
    assert is_gone(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("AWS_ACCESS_KEY_ID", "nobody", "cannot read s3://films/archive"),
        ("AWS_SECRET_ACCESS_KEY", "wrong-c0ffee", "cannot read s3://films/archive"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "cannot read s3://films/archive"),
        (
            "AWS_ENDPOINT_URL",
            "gopher://127.0.0.1",
            "AWS_ENDPOINT_URL is gopher://127.0.0.1, no address of a server; write https://HOST:PORT",
        ),
    ],
)
def test_what_is_wrong_with_the_way_is_one_line_without_secrets(s3, variables, archive, monkeypatch, name, value, told):
    there = place(s3.upload(archive, "archive"))
    monkeypatch.setenv(name, value)
    with pytest.raises(CatalogError) as caught:
        query(there, "SELECT * FROM media")
    line = str(caught.value)
    assert told in line
    assert "\n" not in line
    assert SECRET not in line
    assert "wrong-c0ffee" not in line


@pytest.mark.parametrize("where", [f"s3://{BUCKET}/nothing", "s3://no-such-bucket/archive"])
def test_no_catalog_is_one_line(s3, variables, where):
    with pytest.raises(CatalogError, match=f"no catalog in {where}; name a folder"):
        query(place(where), "SELECT * FROM media")


@pytest.mark.parametrize("word", ["s3://", "s3:///archive", "gs://films/archive", "s3://id:secret@films/archive"])
def test_no_place_is_one_line(word):
    with pytest.raises(CatalogError, match="is no place that can be read; give a folder, or s3://BUCKET/PREFIX"):
        place(word)


def test_a_place_joins_as_a_path_does():
    there = place("s3://films/a/b/")
    assert there == S3Prefix("films", "a/b")
    assert str(there / "catalog" / "media") == "s3://films/a/b/catalog/media"
    assert str(place("s3://films") / "catalog") == "s3://films/catalog"
    assert (there / "part-1.parquet").name == "part-1.parquet"


@pytest.mark.parametrize("is_wanted", [False, True])
def test_without_keys_the_role_of_the_machine_is_looked_up_only_where_that_is_wanted(s3, tmp_path, is_wanted):
    with wire_to(None) as canary:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        own = {
            "AWS_ENDPOINT_URL": s3.endpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": canary.endpoint,
            "HOME": str(tmp_path),
        }
        own |= {"AWS_EC2_METADATA_DISABLED": "false"} if is_wanted else {}
        words = [F2S, "query", f"s3://{BUCKET}/archive", "SELECT 1 FROM media"]
        done = subprocess.run(words, env={**clean, **own}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(f"f2s: cannot read s3://{BUCKET}/archive")
    assert (canary.connections > 0) is is_wanted


def test_the_commands_take_an_address(s3, archive):
    there = s3.upload(archive, "commands")
    env = {**os.environ, **s3.variables}
    ask = [F2S, "find", there, "only:Ben", "--json"]
    found = subprocess.run(ask, env=env, capture_output=True, text=True, check=True)
    assert [json.loads(line)["path"] for line in found.stdout.splitlines()] == ["ben.jpg"]
    ask = [F2S, "query", there, "SELECT count(*) AS n FROM media", "--json"]
    answer = subprocess.run(ask, env=env, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout) == {"n": 5}
