from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from f2s_ray.errors import MediaError
from f2s_ray.media.bmff import add_metadata, nclx, without_metadata
from f2s_ray.media.exiv2 import read_tags
from tests.media.samples import picture, saved

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/></rdf:RDF></x:xmpmeta>'
)


def exif() -> bytes:
    block = Image.Exif()
    block[0x010F] = "Acme"
    return block.tobytes().removeprefix(b"Exif\0\0")


def heif(mode: str) -> bytes:
    pillow_heif.register_heif_opener()
    return saved(Image.fromarray(picture(channels=len(mode)), mode), "HEIF", quality=90)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pixels_are_the_same_with_metadata_added(mode: str, tmp_path: Path) -> None:
    for data in (heif(mode), saved(Image.fromarray(picture(channels=len(mode)), mode), "AVIF")):
        paths = [tmp_path / "before", tmp_path / "after"]
        for path, content in zip(paths, (data, add_metadata(data, exif(), XMP)), strict=True):
            path.write_bytes(content)
        before, after = (np.asarray(Image.open(path)) for path in paths)
        np.testing.assert_array_equal(before, after)
        assert Image.open(paths[1]).getexif()[0x010F] == "Acme"
        assert Image.open(paths[1]).info["xmp"] == XMP
        tags = read_tags(paths[1].read_bytes())
        assert (tags.exif["Exif.Image.Make"], tags.xmp["Xmp.xmp.Rating"]) == ("Acme", "5")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_metadata_can_be_taken_out_and_given_again(mode: str, kind: str) -> None:
    plain = heif(mode) if kind == "HEIF" else saved(Image.fromarray(picture(channels=len(mode)), mode), "AVIF")
    added = add_metadata(plain, exif(), XMP)
    bare = without_metadata(added)
    assert XMP not in bare
    assert add_metadata(bare, exif(), XMP) == added
    assert add_metadata(bare, exif(), None) == add_metadata(plain, exif(), None)
    assert without_metadata(plain) == plain


def test_nothing_to_add_adds_nothing() -> None:
    data = heif("RGB")
    assert add_metadata(data, None, None) == data


def test_a_file_without_an_item_table_is_refused() -> None:
    with pytest.raises(MediaError, match="item table"):
        add_metadata(b"\0\0\0\x0cftypheic", exif(), None)


def test_colour_numbers_are_read() -> None:
    assert nclx(saved(Image.fromarray(picture()), "AVIF")) == (1, 13, 6)
    assert nclx(b"\0\0\0\x0cftypheic") is None
