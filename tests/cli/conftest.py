"""A small archive and a small real flow over it: a listing, and a stage that takes text for pictures."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, Record, Source
from pydantic import BaseModel, ConfigDict

from f2s_ray.config import Config
from f2s_ray.errors import MediaError
from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from f2s_ray.stages.inventory import list_sources


class ReadConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    root: str


class Read:
    """Source to MediaItem: a .txt is left alone, an empty file is trouble."""

    def __init__(self, config: ReadConfig) -> None:
        self._root = Path(config.root)

    def __call__(self, source: Source) -> Iterator[Record]:
        content = (self._root / source.path).read_bytes()
        if source.path.endswith(".txt"):
            raise MediaError("skipped:not_media", f"{source.path} is no picture")
        if not content:
            raise MediaError("empty", f"{source.path} has 0 bytes; take it from a backup")
        yield MediaItem(
            media_id=digest(source.path, content.hex()),
            path=source.path,
            content_digest=content.hex(),
            byte_count=len(content),
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
            camera=None,
            film=None,
        )


def small_flow(config: Config, root: Path, _: Path) -> list[Step]:
    def sources(catalog: Catalog, paths: Sequence[str]) -> Iterator[Item]:
        for row in catalog.rows(Source, path=paths):
            yield Item(row.path, row.path, row)

    return [
        ReduceStep("list", lambda _: list_sources(root), config.engine, (), (Source,)),
        MapStep("read", Read, ReadConfig(root=str(root)), sources, (Source,), MediaItem),
    ]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    for name, content in {"a.png": "a", "sub/b.png": "b", "c.png": "", "notes.txt": "n"}.items():
        (root / name).write_text(content)
    return root
