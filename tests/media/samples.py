"""Made photos of every format, mode and kind of metadata; their truth is known."""

import io
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageCms

from f2s_ray.media.exiv2 import opened

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
EXIF = {
    "Exif.Image.Make": "Acme",
    "Exif.Image.Model": "Acme Box 620",
    "Exif.Image.Software": "Firmware 1.2",
    "Exif.Image.Artist": "Ann Example",
    "Exif.Image.Orientation": "1",
    "Exif.Photo.DateTimeOriginal": "1994:08:21 17:03:09",
    "Exif.Photo.FNumber": "28/10",
    "Exif.Photo.ISOSpeedRatings": "200",
    "Exif.Photo.UserComment": "charset=Ascii at the lake",
    "Exif.GPSInfo.GPSLatitudeRef": "N",
    "Exif.GPSInfo.GPSLatitude": "48/1 8/1 1437/100",
    "Exif.GPSInfo.GPSLongitudeRef": "E",
    "Exif.GPSInfo.GPSLongitude": "11/1 34/1 3100/100",
}
IPTC = {"Iptc.Application2.Caption": "At the lake", "Iptc.Application2.Keywords": ["summer", "family"]}
XMP = {"Xmp.dc.title": "Am See, \u00fcber Mittag", "Xmp.xmp.Rating": "4", "Xmp.dc.subject": ["summer", "family"]}


def picture(height: int = 48, width: int = 64, channels: int = 3, maximum: int = 255) -> np.ndarray:
    """Soft colours that differ at every corner, so that a turn or a flip shows."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [
        0.15 + 0.7 * x / width,
        0.2 + 0.6 * y / height,
        0.5 + 0.3 * np.sin(x / 9) * np.cos(y / 7),
        0.3 + 0.5 * x * y / (height * width),
    ]
    samples = np.stack(planes[:channels], -1) * maximum
    return np.squeeze(samples.round().astype(np.uint8 if maximum <= 255 else np.uint16))


def tagged(data: bytes, *, iptc: bool = True, thumbnail: bool = False, **exif: str) -> bytes:
    """The file with EXIF, IPTC and XMP."""
    with opened(data) as image:
        image.modify_exif(EXIF | {f"Exif.Image.{key}": value for key, value in exif.items()})
        image.modify_xmp(XMP)
        if iptc:
            image.modify_iptc(IPTC)
        if thumbnail:
            image.modify_thumbnail(saved(Image.new("RGB", (32, 24), "red"), "JPEG"))
        return bytes(image.get_bytes())


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, fmt, **options)
    return target.getvalue()


def _jpeg(mode: str, **exif: str) -> bytes:
    channels = {"L": 1, "RGB": 3, "CMYK": 4}[mode]
    data = saved(
        Image.fromarray(picture(channels=channels), mode),
        "JPEG",
        quality=90,
        icc_profile=ICC,
        dpi=(300, 200),
        comment=b"a comment",
    )
    return tagged(data, thumbnail=True, **exif)


def _png(channels: int, maximum: int, **exif: str) -> bytes:
    data = imagecodecs.png_encode(picture(channels=channels, maximum=maximum))
    return tagged(_with_icc(data), **exif)


def _with_icc(png: bytes) -> bytes:
    with opened(png) as image:
        image.modify_icc(ICC)
        return bytes(image.get_bytes())


def _palette() -> bytes:
    return tagged(saved(Image.fromarray(picture()).quantize(16), "PNG", dpi=(150, 150), transparency=3))


def _tiff(channels: int, maximum: int, photometric: str, pages: int = 1, **options: object) -> bytes:
    target = io.BytesIO()
    extra = {"extrasamples": ["unassalpha"]} if options.pop("alpha", False) else {}
    layout = {"photometric": photometric, "metadata": None, "software": False, **extra, **options}
    tifffile.imwrite(
        target,
        picture(channels=channels, maximum=maximum),
        resolution=(300, 300),
        resolutionunit="inch",
        iccprofile=ICC,
        **layout,
    )
    target = io.BytesIO(tagged(target.getvalue()))
    for page in range(1, pages):
        target.seek(0)
        tifffile.imwrite(
            target,
            np.roll(picture(channels=channels, maximum=maximum), page, 0),
            append=True,
            resolution=(300 + page, 300 + page),
            resolutionunit="inch",
            **layout,
        )
    return target.getvalue()


def _bilevel() -> bytes:
    target = io.BytesIO()
    tifffile.imwrite(target, picture(channels=1) > 127, photometric="miniswhite", metadata=None, software=False)
    return target.getvalue()


def _bare_exif() -> tuple[bytes, bytes]:
    """EXIF and XMP as blocks, for the formats that Exiv2 only reads."""
    carrier = Image.open(io.BytesIO(tagged(saved(Image.new("L", (1, 1)), "PNG"))))
    return carrier.info["exif"], carrier.info["xmp"]


def _heif(channels: int, depth: int, **options: object) -> bytes:
    exif, xmp = _bare_exif()
    samples = picture(channels=channels, maximum=(1 << depth) - 1) << (16 - depth if depth > 8 else 0)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels] + (";16" if depth > 8 else "")
    target = io.BytesIO()
    pillow_heif.encode(
        mode,
        (64, 48),
        samples.tobytes(),
        target,
        quality=98,
        chroma=444,
        bit_depth=depth,
        exif=b"Exif\0\0" + exif,
        xmp=xmp,
        **options,
    )
    return target.getvalue()


def _avif(channels: int) -> bytes:
    exif, xmp = _bare_exif()
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return saved(
        Image.fromarray(picture(channels=channels), mode),
        "AVIF",
        quality=98,
        subsampling="4:4:4",
        icc_profile=ICC,
        exif=exif,
        xmp=xmp,
    )


def _webp(channels: int, **options: object) -> bytes:
    image = Image.fromarray(picture(channels=channels), "RGBA" if channels == 4 else "RGB")
    return tagged(saved(image, "WEBP", icc_profile=ICC, exact=True, **options), iptc=False)


def _dng() -> bytes:
    """A sensor of 2 x 2 cells, red at the upper left, over a soft picture."""
    colours = picture(height=96, width=128, maximum=16000)
    cells = np.zeros((96, 128), np.uint16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        cells[row::2, column::2] = colours[row::2, column::2, channel]
    matrix = (3240970, -1537383, -498611, -969244, 1875968, 41555, 55630, -203977, 1056972)
    target = io.BytesIO()
    tifffile.imwrite(
        target,
        cells,
        photometric=32803,
        metadata=None,
        software=False,
        extratags=[
            (50706, "B", 4, (1, 4, 0, 0), True),
            (50708, "s", 0, "Acme Box 620", True),
            (33421, "H", 2, (2, 2), True),
            (33422, "B", 4, (0, 1, 1, 2), True),
            (50717, "H", 1, 16383, True),
            (50721, "2i", 9, [part for value in matrix for part in (value, 1_000_000)], True),
            (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        ],
    )
    return tagged(target.getvalue())


LOSSLESS: dict[str, Callable[[], bytes]] = {
    "grey8.png": lambda: _png(1, 255),
    "grey16.png": lambda: _png(1, 65535),
    "rgb8.png": lambda: _png(3, 255),
    "rgb16.png": lambda: _png(3, 65535),
    "rgba8.png": lambda: _png(4, 255),
    "rgba16.png": lambda: _png(4, 65535),
    "palette.png": _palette,
    "grey8.tif": lambda: _tiff(1, 255, "minisblack"),
    "grey16.tif": lambda: _tiff(1, 65535, "minisblack"),
    "rgb8.tif": lambda: _tiff(3, 255, "rgb", compression="lzw", predictor=True),
    "rgb16.tif": lambda: _tiff(3, 65535, "rgb"),
    "rgba8.tif": lambda: _tiff(4, 255, "rgb", alpha=True),
    "rgba16.tif": lambda: _tiff(4, 65535, "rgb", alpha=True),
    "cmyk8.tif": lambda: _tiff(4, 255, "separated"),
    "cmyk16.tif": lambda: _tiff(4, 65535, "separated"),
    "pages.tif": lambda: _tiff(3, 255, "rgb", pages=6),
    "pages16.tiff": lambda: _tiff(1, 65535, "minisblack", pages=2),
    "bilevel.tif": _bilevel,
    "lossless.webp": lambda: _webp(3, lossless=True),
    "lossless_alpha.webp": lambda: _webp(4, lossless=True),
}
LOSSY: dict[str, Callable[[], bytes]] = {
    "rgb.jpg": lambda: _jpeg("RGB"),
    "grey.jpg": lambda: _jpeg("L"),
    "cmyk.jpg": lambda: _jpeg("CMYK"),
    "lossy.webp": lambda: _webp(3, quality=90),
    "alpha.webp": lambda: _webp(4, quality=90),
    "rgb.heic": lambda: _heif(3, 8, icc_profile=ICC),
    "rgba.heic": lambda: _heif(4, 8),
    "grey.heic": lambda: _heif(1, 8),
    "rgb10.heic": lambda: _heif(3, 10),
    "rgb12.heic": lambda: _heif(3, 12),
    "rgb.avif": lambda: _avif(3),
    "rgba.avif": lambda: _avif(4),
    "rgb10.avif": lambda: imagecodecs.avif_encode(
        picture(maximum=1023), level=98, bitspersample=10, pixelformat="444", numthreads=1
    ),
}
SAMPLES = LOSSLESS | LOSSY
RAW = {"sensor.dng": _dng}


def make(name: str, folder: Path) -> Path:
    """Write one sample."""
    path = folder / name
    path.write_bytes((SAMPLES | RAW)[name]())
    return path


def turned_jpeg(orientation: int) -> bytes:
    """The picture as a camera held at ``orientation`` stores it."""
    turn = {1: [], 2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}[orientation]
    image = Image.fromarray(picture())
    for step in turn:
        image = image.transpose(step)
    return tagged(saved(image, "JPEG", quality=98, subsampling=0, dpi=(300, 200)), Orientation=str(orientation))


__all__ = [
    "EXIF",
    "ICC",
    "IPTC",
    "LOSSLESS",
    "LOSSY",
    "SAMPLES",
    "XMP",
    "make",
    "picture",
    "saved",
    "tagged",
    "turned_jpeg",
]
