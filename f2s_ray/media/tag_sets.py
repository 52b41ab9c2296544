"""Which of Exiv2's tags describe the file rather than the picture."""

import re

__all__ = ["ORPHANS", "RAW_GROUPS", "RAW_KEPT", "STRUCTURE"]


def _image_tags(names: str) -> frozenset[str]:
    return frozenset(f"Exif.Image.{name}" for name in names.split())


# How a file lays out its pixels; the encoder has written its own.
STRUCTURE = _image_tags("""
    NewSubfileType SubfileType ImageWidth ImageLength BitsPerSample Compression PhotometricInterpretation Thresholding
    FillOrder StripOffsets SamplesPerPixel RowsPerStrip StripByteCounts PlanarConfiguration PageNumber Predictor
    ColorMap TileWidth TileLength TileOffsets TileByteCounts SubIFDs InkSet NumberOfInks ExtraSamples SampleFormat
    JPEGTables JPEGProc JPEGInterchangeFormat JPEGInterchangeFormatLength JPEGRestartInterval JPEGQTables JPEGDCTables
    JPEGACTables YCbCrCoefficients YCbCrSubSampling ReferenceBlackWhite XMLPacket IPTCNAA ImageResources ExifTag GPSTag
    T4Options T6Options GrayResponseUnit GrayResponseCurve CellWidth CellLength FreeOffsets FreeByteCounts
    MinSampleValue MaxSampleValue
""")
# What a RAW says about the picture; the rest of Exif.Image is about developing it.
RAW_KEPT = _image_tags("""
    Make Model Software DateTime Artist Copyright ImageDescription DocumentName HostComputer XResolution YResolution
    ResolutionUnit XPTitle XPComment XPAuthor XPKeywords XPSubject Rating RatingPercent Orientation ProcessingSoftware
""")
# Groups that stand in every photo's EXIF; other pictures and maker notes of a RAW are not about its TIFF.
RAW_GROUPS = ("Exif.Photo.", "Exif.GPSInfo.", "Exif.Iop.")
# XMP about pictures inside the file that the result does not hold.
ORPHANS = re.compile(r"Xmp\.(hdrgm|Container|GContainer|GCamera\.(MotionPhoto|MicroVideo))|Xmp\.xmp\.Thumbnails")
