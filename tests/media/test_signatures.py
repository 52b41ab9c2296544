import pytest

from f2s_ray.errors import MediaError
from f2s_ray.media.signatures import recognise


@pytest.mark.parametrize(
    ("head", "name", "fmt"),
    [
        (b"\xff\xd8\xff\xe0", "a.txt", "JPEG"),
        (b"\x89PNG\r\n\x1a\n", "a", "PNG"),
        (b"II*\x00\x08\x00\x00\x00", "scan.tif", "TIFF"),
        (b"MM\x00+\x00\x08\x00\x00", "big.tif", "TIFF"),
        (b"II*\x00\x08\x00\x00\x00", "shot.NEF", "RAW"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "shot", "RAW"),
        (b"FUJIFILMCCD-RAW 0201", "shot.raf", "RAW"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a.svg", "WEBP"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "a.heic", "HEIF"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "a.avif", "AVIF"),
        (b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", "a.cr3", "RAW"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2", "a.mp4", "FILM"),
        (b"\x00\x00\x00\x14ftypqt  ", "a.jpg", "FILM"),
        (b"\x1aE\xdf\xa3", "a.mkv", "FILM"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "a.avi", "FILM"),
        (b"anything", "holiday.MOV", "FILM"),
    ],
)
def test_the_content_names_the_format(head: bytes, name: str, fmt: str) -> None:
    assert recognise(head, name) == fmt


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"GIF89a", "a.gif", "unsupported"),
        (b"8BPS\x00\x01", "a.psd", "unsupported"),
        (b"BM\x36\x00", "a.bmp", "unsupported"),
        (b"<svg xmlns=", "a.svg", "unsupported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "a.eps", "unsupported"),
        (b"hello", "a.jpg", "broken"),
        (b"\x89PNG\r\n\x1a\r", "a.png", "broken"),
        (b"", "a.tif", "broken"),
        (b"Dear diary", "notes.txt", "skipped:not_media"),
        (b"<x:xmpmeta", "a.jpg.xmp", "skipped:not_media"),
        (b"\xd0\xcf\x11\xe0", "Thumbs.db", "skipped:not_media"),
        (b"BMore words", "letter.txt", "skipped:not_media"),
    ],
)
def test_what_is_neither_is_called_what_it_is(head: bytes, name: str, kind: str) -> None:
    with pytest.raises(MediaError) as caught:
        recognise(head, name)
    assert caught.value.kind == kind
    assert name in caught.value.message
