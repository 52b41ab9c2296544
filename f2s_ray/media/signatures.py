"""First bytes and a name to a format; what is neither photo nor film is refused here, in words."""

from pathlib import PurePath

from f2s_ray.errors import MediaError

__all__ = ["FILM", "recognise"]

FILM = "FILM"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PICTURE_SUFFIXES = _words("""
    jpg jpeg jpe jfif mpo png apng tif tiff webp heic heif hif avif gif bmp ico psd psb jp2 j2k jpx jxl svg eps icns
    tga pcx dng cr2 cr3 nef nrw arw sr2 raf rw2 orf pef srw raw 3fr iiq rwl x3f erf kdc dcr mrw pgm ppm pbm exr hdr
    dds qoi
""")
RAW_SUFFIXES = _words("dng cr2 nef nrw arw sr2 pef srw 3fr iiq rwl erf kdc dcr")
FILM_SUFFIXES = _words("mp4 m4v mov qt avi mkv webm mpg mpeg vob ts m2ts mts flv wmv asf 3gp 3g2 ogv mxf dv rm rmvb")
UNSUPPORTED = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"icns", "ICNS"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"DDS ", "DDS"),
    (b"v/1\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance"),
    (b"qoif", "QOI"),
    (b"FOVb", "Sigma raw"),
)
RAW_SIGNATURES = (b"FUJIFILMCCD-RAW", b"IIU\x00", b"IIRO", b"IIRS", b"MMOR", b"\x00MRM")
TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
FILM_SIGNATURES = (b"\x1aE\xdf\xa3", b"FLV\x01", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"0&\xb2u\x8ef\xcf\x11")
HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))


def recognise(head: bytes, name: str) -> str:
    """The format of a file: JPEG, PNG, TIFF, WEBP, HEIF, AVIF, RAW or FILM.

    Args:
        head: the first bytes, at least 512 where the file has them.
        name: the file's name; it decides between TIFF and RAW, whether bytes that say nothing may be a film, and what
            to call a file that is neither.

    Raises:
        MediaError: ``unsupported``, ``animated``, ``broken`` or ``skipped:not_media``.
    """
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    found = _by_content(head, suffix)
    if found is None and suffix in FILM_SUFFIXES:
        return FILM
    if found is not None:
        return found
    for start, title in UNSUPPORTED:
        if head.startswith(start) and (len(start) > 2 or suffix in PICTURE_SUFFIXES):
            raise MediaError("unsupported", f"{name}: {title} is not restored; save it as TIFF or PNG first")
    if suffix in PICTURE_SUFFIXES:
        kind = "unsupported" if suffix in ("svg", "eps", "tga", "pcx", "pgm", "ppm", "pbm") else "broken"
        raise MediaError(kind, f"{name}: the name says {suffix.upper()}, the first bytes say no photo that is restored")
    raise MediaError("skipped:not_media", f"{name}: neither picture nor film, by content and by name")


def _by_content(head: bytes, suffix: str) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] in (b"WEBP", b"AVI "):
        return "WEBP" if head[8:12] == b"WEBP" else FILM
    if head.startswith(RAW_SIGNATURES):
        return "RAW"
    if head.startswith(TIFF_SIGNATURES):
        return "RAW" if suffix in RAW_SUFFIXES or head[8:10] == b"CR" else "TIFF"
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head.startswith(FILM_SIGNATURES) or head[4:8] in (b"moov", b"mdat", b"wide"):
        return FILM
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return FILM
    return None


def _by_brand(head: bytes) -> str:
    size = max(16, min(int.from_bytes(head[:4], "big"), len(head)))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, size, 4))}
    if b"crx " in brands:
        return "RAW"
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & HEIF_BRANDS else FILM
