"""A small real flow for the engines: files are listed, digested, and summed up."""

import ctypes
import math
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from f2s_catalog.ids import file_digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import DegradationCode, MediaItem, Shot, Source
from pydantic import BaseModel

from f2s_ray.errors import JobError, MediaError
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step


class FolderConfig(BaseModel):
    folder: str
    marks: int = 2


class DigestFile:
    """Source to MediaItem; text is skipped, an empty file fails, other trouble is written in the file."""

    def __init__(self, config: FolderConfig):
        self.config = config

    def __call__(self, source: Source) -> Iterator[MediaItem]:
        path = Path(self.config.folder) / source.path
        content = path.read_bytes()
        if path.suffix == ".txt":
            raise MediaError("skipped:text", f"{source.path}: not a picture")
        if not content:
            raise MediaError("empty", f"{source.path}: has no bytes; restore it from a backup")
        if content == b"bug":
            raise ZeroDivisionError(f"a bug at {source.path}")
        if content == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        if content == b"crash":
            ctypes.string_at(0)
        if content == b"exit":
            os._exit(0)
        while content == b"loop":
            pass
        if content == b"greedy":
            bytearray(2**60)
        if content == b"weight":
            raise JobError("weight detector.onnx is missing; run: f2s weights pull")
        yield media_item(source, file_digest(path))


def media_item(source: Source, content_digest: str) -> MediaItem:
    return MediaItem(
        media_id=content_digest[:32],
        path=source.path,
        content_digest=content_digest,
        byte_count=source.byte_count,
        modified_ns=source.modified_ns,
        kind="photo",
        format="PNG",
        width_px=1,
        height_px=1,
        orientation=1,
        page_count=1,
        bit_depth=8,
        colour="rgb",
        has_alpha=False,
        has_icc=False,
        has_exif=False,
        has_xmp=False,
        has_iptc=False,
        captured_at=None,
        camera="ü & co",
        film=None,
    )


class CutShots:
    """MediaItem to as many shots as the configuration says."""

    def __init__(self, config: FolderConfig):
        self.config = config

    def __call__(self, item: MediaItem) -> Iterator[Shot]:
        for index in range(self.config.marks):
            yield Shot(
                shot_id=f"{item.media_id}/{index}",
                media_id=item.media_id,
                start_seconds=index / 3,
                stop_seconds=(index + 1) / 3,
                first_frame=index,
                stop_frame=index + 1,
                cut_score=0.1,
            )


def flow_of(folder: Path, wave_cost: float = math.inf, items_at_once: int = 1, **changes) -> list[Step]:
    """List, digest, cut, and one code for each shot by a reduction."""
    config = FolderConfig(folder=str(folder), **changes)

    def listed(_: Catalog) -> Iterable[Source]:
        for path in sorted(folder.iterdir()):
            yield Source(path=path.name, byte_count=path.stat().st_size, modified_ns=0, trouble=None)

    def coded(catalog: Catalog) -> Iterable[DegradationCode]:
        for index, shot in enumerate(catalog.rows(Shot)):
            yield DegradationCode(
                shot_id=shot.shot_id,
                origin="blind",
                lender_shot_id=None,
                why="no face",
                code=(0.1, index / 7),
                signature=(),
                blur_sigma_px=None,
                noise_sigma=0.1,
                jpeg_quality=None,
                downscale=None,
                agreement=None,
                regions=(),
                changes=(),
                estimator="made@0",
            )

    def sources(catalog: Catalog, paths: Sequence[str]) -> Iterable[Item]:
        return (Item(s.path, s.path, s, cost=s.byte_count) for s in catalog.rows(Source, path=paths))

    def media(catalog: Catalog, paths: Sequence[str]) -> Iterable[Item]:
        return (Item(m.media_id, m.path, m) for m in catalog.of(paths).rows(MediaItem))

    def worth(catalog: Catalog) -> dict[str, float]:
        return {source.path: source.byte_count for source in catalog.rows(Source)}

    return [
        ReduceStep("list", listed, config, (), (Source,)),
        MapStep(
            "probe", DigestFile, config, sources, (Source,), MediaItem, wave_cost, worth, items_at_once=items_at_once
        ),
        MapStep("split", CutShots, config, media, (MediaItem,), Shot),
        ReduceStep("borrow", coded, config, (Shot,), (DegradationCode,)),
    ]
