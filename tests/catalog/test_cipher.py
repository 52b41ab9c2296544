"""With a key nothing about people can be read without it."""

import pytest
from f2s_catalog import cipher
from f2s_catalog.errors import CatalogError
from f2s_catalog.ledger import Catalog
from f2s_catalog.lock_away import lock_away
from f2s_catalog.records import TABLES, Face, Identity, Label, Shot
from f2s_catalog.store import fragments, table_folder
from f2s_catalog.traces import Sought, find_traces

from tests.catalog.made import face, outcome, shot

VECTOR = (0.25, -0.5, 0.125, 0.8125)


def a_label(name):
    return Label(
        fact_id="1",
        said_at="2026-01-01T00:00:00+00:00",
        said_by="tester",
        kind="name",
        identity_id="i" * 32,
        name=name,
        faces=(),
    )


def fill(root):
    catalog = Catalog(root)
    own = face(0).model_copy(update={"embedding": VECTOR})
    catalog.commit((Shot, Face), [outcome("a", shot(0), own)])
    catalog.say([a_label("Zoë Quist")])
    return own


def write_key(path, digits="0123456789abcdef" * 4, mode=0o600):
    path.write_text(digits + "\n")
    path.chmod(mode)
    return path


@pytest.fixture
def locked(tmp_path, monkeypatch):
    monkeypatch.setenv(cipher.KEY_FILE, str(write_key(tmp_path / "key")))
    return tmp_path / "out"


def bytes_of(root):
    return b"".join(path.read_bytes() for kind in TABLES if kind.BIOMETRIC for path in fragments(root, kind))


@pytest.mark.parametrize("digits", ["0" * 31 + "1", "0" * 47 + "1", "0" * 63 + "1"])
def test_what_is_written_with_a_key_is_read_with_it(locked, tmp_path, digits):
    write_key(tmp_path / "key", digits)
    own = fill(locked)
    assert Catalog(locked).rows(Face) == [own]
    assert Catalog(locked).rows(Label) == [a_label("Zoë Quist")]
    assert Catalog(locked).rows(Shot) == [shot(0)]


def test_no_vector_and_no_name_lies_open(locked, monkeypatch):
    fill(locked)
    content = bytes_of(locked)
    assert b"Quist" not in content
    assert b"embedding" not in content
    assert all(path.read_bytes()[:4] == b"PARE" for path in fragments(locked, Face))
    assert all(path.read_bytes()[:4] == b"PAR1" for path in fragments(locked, Shot))


@pytest.mark.parametrize(
    ("named", "part"),
    [
        (None, "is encrypted; set F2S_KEY_FILE"),
        ("other", "does not open with the key"),
        ("absent", "cannot be read"),
        ("open", "chmod 600"),
        ("odd", "128, 192 or 256 bits"),
    ],
)
def test_without_the_right_key_there_is_one_line(locked, tmp_path, monkeypatch, named, part):
    fill(locked)
    write_key(tmp_path / "other", "f" * 64)
    write_key(tmp_path / "open", mode=0o644)
    write_key(tmp_path / "odd", "0123")
    if named is None:
        monkeypatch.delenv(cipher.KEY_FILE)
    else:
        monkeypatch.setenv(cipher.KEY_FILE, str(tmp_path / named))
    with pytest.raises(CatalogError, match=part) as caught:
        Catalog(locked).rows(Face)
    assert "\n" not in str(caught.value)


def test_tables_that_tell_nothing_of_people_need_no_key(locked, monkeypatch):
    fill(locked)
    monkeypatch.delenv(cipher.KEY_FILE)
    assert Catalog(locked).rows(Shot) == [shot(0)]


def test_plain_tables_are_encrypted_after_the_fact(tmp_path, monkeypatch):
    own = fill(tmp_path / "out")
    assert b"Quist" in b"".join(path.read_bytes() for path in fragments(tmp_path / "out", Label))
    with pytest.raises(CatalogError, match="there is no key"):
        lock_away(tmp_path / "out")
    monkeypatch.setenv(cipher.KEY_FILE, str(write_key(tmp_path / "key")))
    assert Catalog(tmp_path / "out").rows(Face) == [own]
    assert lock_away(tmp_path / "out") == 2
    assert lock_away(tmp_path / "out") == 0
    assert b"Quist" not in bytes_of(tmp_path / "out")
    assert Catalog(tmp_path / "out").rows(Face) == [own]
    assert Catalog(tmp_path / "out").rows(Label) == [a_label("Zoë Quist")]
    assert Catalog(tmp_path / "out").rows(Identity) == []


def test_the_search_looks_into_encrypted_tables(locked):
    fill(locked)
    assert {trace.what for trace in find_traces(locked, Sought({}, names=("Zoë Quist",)))} == {"the name"}


def test_what_is_sealed_is_opened_again(locked, tmp_path, monkeypatch):
    content = cipher.seal(b"Zoe Quist" * 100)
    assert b"Quist" not in content
    assert cipher.unseal(content, tmp_path) == b"Zoe Quist" * 100
    monkeypatch.delenv(cipher.KEY_FILE)
    assert cipher.seal(b"plain") == cipher.unseal(b"plain", tmp_path) == b"plain"
    with pytest.raises(CatalogError, match="is encrypted"):
        cipher.unseal(content, tmp_path)


def test_a_damaged_encrypted_page_is_noticed(locked):
    fill(locked)
    (path,) = fragments(locked, Face)
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)
    with pytest.raises(CatalogError, match="damaged"):
        Catalog(locked).rows(Face)
    assert table_folder(locked, Face) == path.parent
