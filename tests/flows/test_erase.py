"""Who is erased is nowhere any more; all others are as they were; and what a crash cuts off is finished."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from f2s_catalog import compact
from f2s_catalog.cipher import is_sealed, read_fragment
from f2s_catalog.erase import act, certify
from f2s_catalog.erase_journal import begin
from f2s_catalog.erase_plan import planned, whom_ever
from f2s_catalog.erase_sought import thumbnail_name
from f2s_catalog.errors import CatalogError, QueryError
from f2s_catalog.everybody import collected, erase_everybody
from f2s_catalog.ledger import Catalog
from f2s_catalog.lock_away import lock_away
from f2s_catalog.locks import committing
from f2s_catalog.records import TABLES, Constraint, Erasure, Face, Identity, Label, ReferenceSet, Sighting
from f2s_catalog.store import fragments, stored
from f2s_catalog.traces import find_traces

from f2s_ray.flows.erase import erase_person, finish_erasures
from f2s_ray.flows.people import People
from tests.catalog.made import asked
from tests.flows.said_archive import ANN, BEN, BOTH, CID, FILM, settled, who
from tests.stages.people_said import make_face

ROOT = Path(__file__).resolve().parents[2]
ID = "f" * 32


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Three people of whom much was said, indexed three times, so that there are rows that nobody sees any more."""
    root = tmp_path_factory.mktemp("archive") / "out"
    people = settled(root)
    ann, ben, cid = (who(people._output, face).identity_id for face in (ANN[0], BEN[0], CID[0]))
    people.name(ann, "Zoë & Ann")
    people.name(ben, "Ben")
    people.merge(ann, [cid])
    people.not_same(ann, ben)
    people.confirm(ann, [ANN[1].face_id])
    people.reject(ben, [ANN[2].face_id])
    older = [face.model_copy(update={"face_id": f"{face.face_id[:-3]}101"}) for face in (*ANN, *BEN)]
    settled(root, (*older, *CID, BOTH[1], *FILM), number=2)
    settled(root, number=3)
    return root


@pytest.fixture
def root(archive, tmp_path):
    """The same at another place, to be changed."""
    return shutil.copytree(archive, tmp_path / "out")


def ann(root):
    return who(root, ANN[0]).identity_id


def rows_of(root, record_type):
    return [row.model_dump(mode="json") for row in Catalog(root).rows(record_type)]


def hashes(root):
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def place(root, path, content):
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)


def test_nothing_of_the_person_is_left_in_any_row_old_or_new(root):
    erasing = planned(root, ann(root), "tester")
    before = {
        (trace.path.rpartition("/")[0].rpartition("/")[2], trace.what) for trace in find_traces(root, erasing.sought)
    }
    assert {
        ("faces", "an embedding"),
        ("identities", "the mean of the embeddings"),
        ("identities", "the id of the person"),
        ("identities", "the name"),
        ("labels", "the name"),
        ("sightings", "the id of a face"),
    } <= before
    erase_person(root, ann(root), "tester")
    assert find_traces(root, erasing.sought) == []
    vectors = {face.embedding for face in (*ANN, *CID, *FILM[:2])}
    for record_type in TABLES:
        for path in fragments(root, record_type):
            told = json.dumps(read_fragment(path, record_type).to_pylist(), ensure_ascii=False)
            assert "Zoë" not in told
            assert not any(face_id in told for face_id in erasing.face_ids)
    for path in fragments(root, Face):
        assert not vectors & {tuple(row["embedding"]) for row in read_fragment(path, Face).to_pylist()}


@pytest.mark.parametrize("is_locked", [False, True])
def test_who_lies_in_merged_fragments_and_in_those_that_they_replaced_goes_from_all(
    root, tmp_path, monkeypatch, is_locked
):
    if is_locked:
        (tmp_path / "key").write_text("0123456789abcdef" * 4)
        (tmp_path / "key").chmod(0o600)
        monkeypatch.setenv("F2S_KEY_FILE", str(tmp_path / "key"))
        lock_away(root)
    monkeypatch.setattr(compact, "MANY", 2)
    with committing(root):
        compact.compact(root)
    (merged,) = fragments(root, Face)
    assert len(stored(root, Face)) > 2
    erasing = planned(root, ann(root), "tester")
    assert {f"{face.face_id[:-3]}101" for face in ANN} <= set(erasing.face_ids)
    erase_person(root, ann(root), "tester")
    assert find_traces(root, erasing.sought) == []
    assert merged not in stored(root, Face)
    assert [one.name for one in Catalog(root).rows(Identity)] == ["Ben"]
    assert [row["face_id"] for row in rows_of(root, Face)] == sorted(
        face.face_id for face in (*BEN, BOTH[1], *FILM[2:])
    )


def test_the_faces_of_older_indexes_go_too(root):
    erasing = planned(root, ann(root), "tester")
    assert {f"{face.face_id[:-3]}101" for face in ANN} <= set(erasing.face_ids)
    assert not {face.face_id for face in (*BEN, BOTH[1])} & set(erasing.face_ids)


def test_the_rows_of_others_are_as_they_were(root):
    ben = who(root, BEN[0])
    others = {face.face_id for face in (*BEN, BOTH[1], *FILM[2:])}
    before = [row for row in rows_of(root, Face) if row["face_id"] in others]
    sets = [row for row in rows_of(root, ReferenceSet) if row["identity_id"] == ben.identity_id]
    seen = [row for row in rows_of(root, Sighting) if row["identity_id"] == ben.identity_id]
    gone = ann(root)
    for row in seen:
        row["company"] = [one for one in row["company"] if one != gone]
    erase_person(root, gone, "tester")
    assert rows_of(root, Face) == before
    assert rows_of(root, ReferenceSet) == sets
    assert rows_of(root, Sighting) == seen
    (left,) = Catalog(root).rows(Identity)
    same = ("identity_id", "number", "face_ids", "centroid", "name", "primary_face_id", "cohesion")
    assert [getattr(left, name) for name in same] == [getattr(ben, name) for name in same]
    assert (left.nearest_id, left.margin) == (None, 2.0)
    assert [row.name for row in Catalog(root).rows(Label)] == ["Ben"]
    assert Catalog(root).rows(Constraint) == []


def test_only_places_are_kept_and_the_certificate_names_nobody(root):
    erasing = erase_person(root, ann(root), "tester")
    (kept,) = Catalog(root).rows(Erasure)
    assert {place.face_id for place in kept.places} == {""}
    places = {(place.content_digest, place.frame) for place in kept.places}
    assert {one for one in places if one[0] != "bytes of film"} == {
        (f"bytes of {face.media_id}", 0) for face in (*ANN, *CID)
    }
    assert {frame for content, frame in places if content == "bytes of film"} == {0, 1, 6, 11, 16, 21, 26}
    text = (root / "runs" / erasing.erasure_id / "certificate.json").read_text()
    told = json.loads(text)
    assert (told["said_by"], told["found"], told["faces"]) == ("tester", [], len(erasing.face_ids))
    assert told["rows"]["faces"] > len(ANN)
    assert "Zo" not in text
    assert not list((root / "catalog" / "biometric").glob(".erasing-*"))


def test_files_that_show_nobody_keep_their_bytes(root):
    place(root, "restored/other.jpg", b"\xff\xd8 a picture")
    place(root, "restored/named.jpg", b'\xff\xd8 <x mwg-rs:Name="Zo\xc3\xab &amp; Ann"/>')
    place(root, "runs/r/report.html", b"<b>Zo\xc3\xab &amp; Ann</b>")
    place(root, "runs/r/events.jsonl", b"{}")
    place(root, "catalog/biometric/thumbnails/ab/abc.webp", bytes(range(200)))
    before = hashes(root)
    erasing = erase_person(root, ann(root), "tester")
    assert erasing.results == ("restored/named.jpg",)
    after = hashes(root)
    gone = set(before) - set(after)
    assert {"restored/named.jpg", "runs/r/report.html", "catalog/biometric/thumbnails/ab/abc.webp"} <= gone
    assert gone - set(erasing.results) == set(erasing.files)
    locks = {path for path in before if path.endswith(".lock")}
    assert {path: after[path] for path in set(before) - gone - locks} == {
        path: before[path] for path in set(before) - gone - locks
    }


def test_a_dry_plan_changes_nothing(root):
    before = hashes(root)
    planned(root, ann(root), "tester")
    assert hashes(root) == before


CANARIES = {
    "a name in a page": ("runs/r/notes.html", lambda sought: "<p>Zoë &amp; Ann</p>".encode()),
    "a name in JSON": ("runs/r/events.jsonl", lambda sought: json.dumps({"name": "Zoë & Ann"}).encode()),
    "a name in metadata": (
        "restored/a.jpg",
        lambda sought: b"\xff\xd8\0\0" + b'<r mwg-rs:Name="Zo\xc3\xab &amp; Ann"/>',
    ),
    "a wide name": ("restored/b.jpg", lambda sought: b"\xff\xd8\0\0\1" + "Zoë & Ann".encode("utf-16-le")),
    "a vector at an odd offset": ("catalog/left.bin", lambda sought: b"abc" + vector_of(sought) + b"x"),
    "the id": ("work/left.txt", lambda sought: b"who: " + needle(sought, "the id of the person")),
    "a thumbnail": ("runs/r/x.bin", lambda sought: b"12345" + THUMBNAIL),
    "a name in capitals in Latin-1": ("runs/r/old.txt", lambda sought: "ZOË & ANN".encode("latin-1")),
    "a name in a URL": ("runs/r/links.txt", lambda sought: b"https://x/?q=zo%C3%AB+%26+ann"),
    "a vector in hexadecimal": ("runs/r/v.json", lambda sought: b'{"v": "' + vector_of(sought).hex().encode() + b'"}'),
    "a vector in base64": ("runs/r/v.b64", lambda sought: base64.b64encode(b"ab" + vector_of(sought) + b"c")),
    "a thumbnail inside a page": ("runs/r/x.html", lambda sought: b"data:" + base64.b64encode(THUMBNAIL)),
}
OTHER_THUMBNAIL = hashlib.shake_256(b"another").digest(900)
THUMBNAIL = hashlib.shake_256(b"thumbnail").digest(900)


def needle(sought, what):
    return next(needle for needle, told in sought.needles.items() if told == what)


def vector_of(sought):
    return needle(sought, "an embedding")


@pytest.mark.parametrize("canary", CANARIES)
def test_the_search_finds_what_is_left_and_names_the_file(root, canary):
    name = f"{thumbnail_name(ANN[0].face_id)}-abc-face160"
    place(root, f"catalog/biometric/thumbnails/{name[:2]}/{name}.jpg", THUMBNAIL)
    place(root, "catalog/biometric/thumbnails/00/of_somebody_else.jpg", OTHER_THUMBNAIL)
    erasing = planned(root, ann(root), "tester")
    journal = begin(root, erasing)
    act(root, erasing)
    path, made = CANARIES[canary]
    place(root, "catalog/biometric/thumbnails/00/of_somebody_else.jpg", OTHER_THUMBNAIL)
    assert find_traces(root, erasing.sought, [journal]) == []
    place(root, path, made(erasing.sought))
    with pytest.raises(CatalogError, match=path):
        certify(root, erasing, journal)
    assert journal.exists()
    (root / path).unlink()
    finish_erasures(root, "tester")
    assert not journal.exists()


def test_an_exported_table_is_decoded_and_named(root):
    (root / "exports").mkdir()
    rows = pa.table(
        {"who": [who(root, ANN[0]).name] * 200, "vector": [list(face.embedding) for face in ANN for _ in range(50)]}
    )
    pq.write_table(
        rows.cast(pa.schema({"who": pa.string(), "vector": pa.list_(pa.float32())})),
        root / "exports" / "a.parquet",
        compression="zstd",
    )
    with pytest.raises(CatalogError, match=r"exports/a\.parquet"):
        erase_person(root, ann(root), "tester")


def test_what_a_killed_journal_left_aside_is_removed(root):
    place(root, "catalog/biometric/.erasing-20260101T000000Z-abc.json.tmp", "Zoë & Ann".encode())
    erase_person(root, ann(root), "tester")
    assert not list((root / "catalog" / "biometric").glob(".erasing-*"))


def test_the_search_finds_a_row_that_came_back(root):
    old = {path: path.read_bytes() for path in fragments(root, Face)}
    erasing = planned(root, ann(root), "tester")
    journal = begin(root, erasing)
    act(root, erasing)
    path, content = next(iter(old.items()))
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=f"{path.name} still holds an embedding"):
        certify(root, erasing, journal)


def test_a_name_that_somebody_else_has_too_is_not_searched(root):
    People(root, "tester").name(who(root, BEN[0]).identity_id, "Zoë & Ann")
    erase_person(root, ann(root), "tester")
    assert who(root, BEN[0]).name == "Zoë & Ann"


def test_a_name_that_is_a_word_of_paths_is_looked_for_where_people_are_named(root):
    People(root, "tester").name(ann(root), "jpg")
    place(root, "restored/a.jpg", b"\xff\xd8\0\0<r mwg-rs:Name='jpg'/>")
    place(root, "runs/r/events.jsonl", b'{"path": "a.jpg"}')
    assert erase_person(root, ann(root), "tester").results == ("restored/a.jpg",)


def killed_at(event, place, count, *words):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'catalog'}"}
    words = [sys.executable, "-m", "tests.flows.killed_erasure", event, place, str(count), *map(str, words)]
    assert subprocess.run(words, env=environment, cwd=ROOT, check=False).returncode == -9


@pytest.mark.parametrize(
    ("event", "place", "count"),
    [
        ("os.remove", "/attempts/", 1),
        ("os.remove", "/attempts/", 3),
        ("os.remove", "/biometric/faces/", 1),
        ("os.remove", "/biometric/faces/", 3),
        ("os.remove", "/biometric/identities/", 1),
    ],
)
def test_an_erasure_of_everybody_that_is_killed_is_ended_by_the_next_one(root, event, place, count):
    indexed = [
        (attempt.item_id, attempt.fingerprint) for attempt in Catalog(root).attempts() if attempt.step == "index"
    ]
    items = asked(*indexed)
    assert not Catalog(root).pending("index", items)
    killed_at(event, place, count, root)
    erase_everybody(root)
    assert not any(collected(root))
    assert set(Catalog(root).pending("index", items)) == {item for item, _ in indexed}


@pytest.mark.parametrize(
    ("event", "place", "count"),
    [
        ("os.rename", "/erasures/", 1),
        ("os.rename", "/biometric/faces/", 1),
        ("os.remove", "/biometric/faces/", 1),
        ("os.remove", "/biometric/identities/", 2),
        ("os.rename", "/biometric/sightings/", 1),
        ("os.remove", "report.html", 1),
        ("os.rename", "/attempts/", 1),
        ("os.rename", "certificate.json", 1),
        ("os.remove", ".erasing-", 1),
    ],
)
def test_an_erasure_that_is_killed_is_finished(root, event, place, count):
    page = root / "runs" / "r" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("Zoë &amp; Ann")
    erasing = planned(root, ann(root), "tester")
    killed_at(event, place, count, root, ann(root))
    with Catalog(root).writing():
        pass
    People(root, "tester").settle()
    assert find_traces(root, erasing.sought) == []
    assert [one.name for one in Catalog(root).rows(Identity)] == ["Ben"]
    assert len(Catalog(root).rows(Erasure)) == 1
    assert len(list(root.glob("runs/*/certificate.json"))) == 1
    for record_type in TABLES:
        numbers = [path.name.split("-")[1] for path in fragments(root, record_type)]
        assert len(numbers) == len(set(numbers))
    assert [row["face_id"] for row in rows_of(root, Face)] == sorted(
        face.face_id for face in (*BEN, BOTH[1], *FILM[2:])
    )


def test_a_face_of_the_same_bytes_at_the_same_place_goes_whoever_found_it(root):
    moved = make_face("1-0", ANN[3].embedding, at=(70, 60))
    settled(root, (moved, *ANN[1:], *BEN, *CID, BOTH[1], *FILM), number=4)
    erasing = planned(root, who(root, moved).identity_id, "tester")
    assert {moved.face_id, ANN[0].face_id} <= set(erasing.face_ids)


def test_in_an_encrypted_archive_the_journal_is_encrypted_too(root, tmp_path, monkeypatch):
    key = tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    monkeypatch.setenv("F2S_KEY_FILE", str(key))
    lock_away(root)
    erasing = planned(root, ann(root), "tester")
    journal = begin(root, erasing)
    assert b"Ann" not in journal.read_bytes()
    assert [one.erasure_id for one in finish_erasures(root, "tester")] == [erasing.erasure_id]
    assert find_traces(root, erasing.sought) == []
    assert [one.name for one in Catalog(root).rows(Identity)] == ["Ben"]
    assert all(is_sealed(path) for path in fragments(root, Face))


def left_input(root):
    """Ann was never named, and nobody lists the files that show her any more."""
    settled(root, (*ANN, *BEN), number=1)
    settled(root, (*ANN, *BEN, *FILM[2:]), number=2)
    label = who(root, ANN[0])
    settled(root, BEN, number=3)
    return label


def test_somebody_unnamed_whose_files_have_left_is_erased(tmp_path):
    gone = left_input(tmp_path)
    assert [one.identity_id for one in Catalog(tmp_path).rows(Identity) if one.face_ids] != [gone.identity_id]
    assert gone.identity_id not in {one.identity_id for one in Catalog(tmp_path).rows(Identity)}
    name = f"{thumbnail_name(ANN[0].face_id)}-abc-face160"
    place(tmp_path, f"catalog/biometric/thumbnails/{name[:2]}/{name}.jpg", THUMBNAIL)
    assert whom_ever(tmp_path, gone.identity_id[:8]) == whom_ever(tmp_path, f"Person {gone.number}") == gone.identity_id
    erasing = planned(tmp_path, gone.identity_id, "tester")
    whats = {trace.what for trace in find_traces(tmp_path, erasing.sought)}
    assert whats >= {
        "an embedding",
        "the mean of the embeddings",
        "the id of the person",
        "the id of a face",
        "a thumbnail",
    }
    erase_person(tmp_path, gone.identity_id, "tester")
    assert find_traces(tmp_path, erasing.sought) == []
    with pytest.raises(QueryError, match="there is no person"):
        whom_ever(tmp_path, gone.identity_id)
    settled(tmp_path, (*BEN, *CID), number=4)
    assert {face_id for one in Catalog(tmp_path).rows(Identity) for face_id in one.face_ids} == {
        face.face_id for face in (*BEN, *CID)
    }


SAYINGS = {
    "a name": lambda people, ann, ben: people.name(ann, "Zoë"),
    "a name of another": lambda people, ann, ben: people.name(ben, "Benjamin"),
    "a split": lambda people, ann, ben: people.split(ann, [ANN[3].face_id]),
    "a merge": lambda people, ann, ben: people.merge(ben, [ann]),
    "a face confirmed": lambda people, ann, ben: people.confirm(ben, [ANN[3].face_id]),
}


@pytest.mark.parametrize("saying", SAYINGS)
@pytest.mark.parametrize("is_begun", [False, True])
def test_nothing_is_said_while_somebody_is_being_erased(root, saying, is_begun):
    people, before = People(root, "tester"), rows_of(root, Label) + rows_of(root, Constraint)
    identity_id, ben = ann(root), who(root, BEN[0]).identity_id
    erasing = planned(root, identity_id, "tester")
    begin(root, erasing)
    if is_begun:
        act(root, erasing)
        before = rows_of(root, Label) + rows_of(root, Constraint)
    with pytest.raises((CatalogError, QueryError)) as raised:
        SAYINGS[saying](people, identity_id, ben)
    assert "\n" not in str(raised.value)
    assert rows_of(root, Label) + rows_of(root, Constraint) == before
    finish_erasures(root, "tester")
    assert find_traces(root, erasing.sought) == []
    people.name(ben, "Benjamin")
    assert [(one.identity_id, one.name) for one in Catalog(root).rows(Identity)] == [(ben, "Benjamin")]


def test_what_was_thought_of_before_and_said_after_an_erasure_is_refused(root):
    facts = [row for row in Catalog(root).rows(Label) if row.name == "Zoë & Ann"]
    erasing = erase_person(root, ann(root), "tester")
    late = [fact.model_copy(update={"fact_id": ""}) for fact in facts]
    with pytest.raises(CatalogError, match=r"was erased from .* meanwhile; look again"):
        People(root, "import").says(late)
    assert find_traces(root, erasing.sought) == []


def test_a_journal_whose_results_were_not_looked_for_yet_is_finished_with_them(root):
    place(root, "restored/named.jpg", b'\xff\xd8 <x mwg-rs:Name="Zo\xc3\xab &amp; Ann"/>')
    erasing = planned(root, ann(root), "tester")
    assert erasing.results == ("restored/named.jpg",)
    begin(root, erasing.model_copy(update={"results": ()}))
    assert [one.results for one in finish_erasures(root, "tester")] == [("restored/named.jpg",)]
    assert not (root / "restored/named.jpg").exists()


def test_a_track_is_kept_from_its_begin_to_its_end(tmp_path):
    first, last = FILM[0].model_copy(update={"frame": 20, "pts_seconds": 2.0, "seen_to_seconds": 9.5}), FILM[1]
    last = last.model_copy(
        update={"frame": 60, "pts_seconds": 6.0, "seen_to_seconds": 9.5, "box_px": (200.0, 0.0, 300.0, 120.0)}
    )
    settled(tmp_path, (*ANN, *BEN, first, last))
    erase_person(tmp_path, who(tmp_path, first).identity_id, "tester")
    (kept,) = Catalog(tmp_path).rows(Erasure)
    seen = {one.frame: one.box_px for one in kept.places if one.content_digest == "bytes of film"}
    assert (min(seen), max(seen)) == (10, 95)
    assert all(b - a <= 5 for a, b in pairwise(sorted(seen)))
    assert (seen[10], seen[40], seen[95]) == (first.box_px, (100.0, 0.0, 200.0, 120.0), last.box_px)
