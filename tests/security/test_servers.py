"""The server of a bucket: encrypted unless within this machine, and nobody is followed elsewhere."""

import pytest
from f2s_catalog import place, s3_client, storage
from f2s_catalog.errors import CatalogError

from tests.security.canary import canary

FILE = place.S3Prefix("films", "a")


@pytest.fixture
def keys(monkeypatch):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "F2S_PLAIN_HTTP"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("ACCESS_KEY_ID", "canary-id"),
        ("SECRET_ACCESS_KEY", "canary-key"),
        ("SESSION_TOKEN", "canary-token"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3_client.client.cache_clear()
    yield monkeypatch
    s3_client.client.cache_clear()


@pytest.mark.parametrize(
    "address", ["http://nas:9000", "http://192.168.1.5", "http://127.0.0.1.example.org", "http://[fe80::1]:80"]
)
def test_plain_http_is_for_this_machine_alone_unless_it_is_wanted(keys, address):
    keys.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(CatalogError, match="in clear; write https://, or set F2S_PLAIN_HTTP=1"):
        place.endpoint()
    keys.setenv("F2S_PLAIN_HTTP", "1")
    assert place.endpoint() == address


@pytest.mark.parametrize("address", ["https://nas:9000", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"])
def test_encrypted_or_within_this_machine_is_fine(keys, address):
    keys.setenv("AWS_ENDPOINT_URL", address)
    assert place.endpoint() == address


@pytest.mark.parametrize(
    "ask",
    [
        lambda: storage.read(FILE),
        lambda: storage.write(FILE, b"x"),
        lambda: list(storage.walk(FILE)),
        lambda: place.read_text(FILE),
        lambda: place.files_in(FILE),
    ],
    ids=["read", "write", "walk", "read_text", "files_in"],
)
def test_a_server_that_sends_on_is_not_followed(keys, ask):
    with canary() as elsewhere, canary(moved_to=elsewhere.address) as server:
        keys.setenv("AWS_ENDPOINT_URL", server.address)
        with pytest.raises((OSError, CatalogError)):
            ask()
    assert server.asked
    assert elsewhere.asked == []


def test_an_address_in_a_profile_sends_nobody_elsewhere(keys, tmp_path):
    with canary() as elsewhere, canary() as server:
        (tmp_path / "config").write_text(f"[default]\nendpoint_url = {elsewhere.address}\n")
        keys.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        keys.setenv("AWS_ENDPOINT_URL", server.address)
        with pytest.raises(FileNotFoundError):
            storage.read(FILE)
    assert server.asked
    assert elsewhere.asked == []
