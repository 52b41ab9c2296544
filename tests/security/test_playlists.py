"""Files that would have others opened, on this machine or by network: they are rows, and nothing else is read."""

import struct

import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import RestoredMedia

from tests.media.film.films import make_film
from tests.media.samples import SAMPLES
from tests.security.bombs import box, movie
from tests.security.canary import canary
from tests.whole.made import f2s

SECRET = b"canary-of-a-secret-file-5ec7e7"


def hostile(secret: str, film: str, address: str) -> dict[str, bytes]:
    """Name to content; each wants the secret, another film or the server."""
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    ways = {
        "secret": secret,
        "film": film,
        "http": f"{address}/a.ts",
        "file": f"file://{film}",
        "data": f"data:,{address}",
    }
    files = {
        f"hls_{name}.{end}": playlist.format(way).encode()
        for name, way in ways.items()
        for end in ("m3u8", "mp4", "ts")
    }
    files |= {f"concat_{name}.mp4": f"ffconcat version 1.0\nfile '{way}'\n".encode() for name, way in ways.items()}
    files |= {
        f"subfile_{name}.mkv": f"#EXTM3U\n#EXTINF:1,\nsubfile,,start,0,end,0,,:{way}\n".encode()
        for name, way in ways.items()
    }
    files["key.mp4"] = f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{address}/key"\n#EXTINF:1,\n{film}\n'.encode()
    files["dash.mp4"] = f"<MPD><BaseURL>{address}/</BaseURL></MPD>".encode()
    files["sdp.mp4"] = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=video 1 RTP/AVP 96\r\n"
    files["asx.asf"] = f'<asx version="3"><entry><ref href="{address}/a"/></entry></asx>'.encode()
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{address}/a.png"/><image href="file://{secret}"/></svg>'
    )
    files |= {name: picture.encode() for name in ("a.svg", "svg.jpg", "svg.png", "svg.mp4")}
    entity = f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y SYSTEM "{address}/y">]><s>&x;&y;</s>'
    files |= {"entity.svg": entity.encode(), "entity.xmp": entity.encode()}
    post = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({secret}) run ({secret}) (r) file\n"
    files |= {name: post.encode() for name in ("a.eps", "eps.jpg", "eps.tif", "eps.png")}
    files["a.psd"] = files["psd.jpg"] = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 8, 3) + bytes(40)
    for name, kind, where in (
        ("url", b"url ", f"{address}/m.mov"),
        ("path", b"url ", secret),
        ("urn", b"urn ", f"{address}/m"),
    ):
        reference = box(kind, bytes(4) + where.encode() + b"\0")
        files[f"reference_{name}.mov"] = movie(b"mp4v", 64, b"", samples=3, reference=reference)
    alias = bytes(4) + bytes(150) + struct.pack(">HH", 18, len(secret)) + secret.encode() + b"\xff\xff\0\0"
    files["reference_alias.mov"] = movie(b"mp4v", 64, b"", samples=3, reference=box(b"alis", alias))
    return files


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_weights):
    root = tmp_path_factory.mktemp("hostile")
    (root / "photos").mkdir()
    (root / "secret.txt").write_bytes(SECRET)
    film = make_film(root / "secret film.mp4", count=3)
    (root / "photos" / "good.png").write_bytes(SAMPLES["rgb8.png"]())
    with canary() as server:
        names = hostile(str(root / "secret.txt"), str(film), server.address)
        for name, content in names.items():
            (root / "photos" / name).write_bytes(content)
        ended = f2s("restore", root / "photos", root / "out", "--set", f"model.weights={tiny_weights}")
        opened = f2s("failed", root / "out")
    return root, ended, opened, server, names


def test_none_is_opened_and_each_is_a_row(run):
    root, ended, _, _, names = run
    assert ended.code == 1, ended
    assert ended.out.splitlines()[-1].startswith("1 done"), ended.out[-500:]
    assert [row.path for row in Catalog(root / "out").rows(RestoredMedia)] == ["restored/good.png"]
    attempts = {attempt.path: attempt for attempt in Catalog(root / "out").attempts() if attempt.status != "done"}
    assert set(names) <= set(attempts)
    assert all("\n" not in (attempts[name].message or "") for name in names)


def test_no_byte_of_the_secret_is_anywhere_and_nobody_was_asked(run):
    root, ended, opened, server, _ = run
    assert server.asked == []
    assert SECRET.decode() not in ended.out + ended.err + opened.out
    for path in (root / "out").rglob("*"):
        if path.is_file():
            assert SECRET not in path.read_bytes(), path
