"""A flow whose stages say on which node they ran, and take their time."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from f2s_catalog.ids import digest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import MediaItem, Shot, Source
from pydantic import BaseModel

from f2s_ray.flows.step import Item, MapStep, ReduceStep, Step
from tests.engines.made import CutShots, FolderConfig, media_item


class PlacedConfig(BaseModel):
    folder: str
    seconds: float


class Placed:
    """Source to MediaItem; appends its node to the file beside ``folder`` that has the name of the step."""

    step = "probe"

    def __init__(self, config: PlacedConfig):
        self.config = config

    def __call__(self, source: Source) -> Iterator[MediaItem]:
        note(self.config, self.step, source.path)
        yield media_item(source, digest(source.path))


class PlacedShots(CutShots):
    """MediaItem to shots, on a GPU."""

    def __init__(self, config: PlacedConfig):
        self.placed = config
        super().__init__(FolderConfig(folder=config.folder))

    def __call__(self, item: MediaItem) -> Iterator[Shot]:
        note(self.placed, "split", item.path)
        yield from super().__call__(item)


def note(config: PlacedConfig, step: str, path: str) -> None:
    import ray

    node = ray.get_runtime_context().get_node_id()
    with Path(f"{config.folder}.{step}").open("a") as file:
        file.write(f"{path} {node} {os.getpid()}\n")
    time.sleep(config.seconds)


def notes(folder: Path, step: str = "probe") -> list[tuple[str, str, str]]:
    """Path, node and process of each item that was begun, in their order."""
    file = Path(f"{folder}.{step}")
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


def placed_flow(folder: Path, seconds: float) -> list[Step]:
    """List, note, and split on a GPU."""
    config = PlacedConfig(folder=str(folder), seconds=seconds)

    def listed(_: Catalog) -> Iterable[Source]:
        for path in sorted(folder.iterdir()):
            yield Source(path=path.name, byte_count=1, modified_ns=0, trouble=None)

    def sources(catalog: Catalog, paths: Sequence[str]) -> Iterable[Item]:
        return (Item(source.path, source.path, source) for source in catalog.rows(Source, path=paths))

    def media(catalog: Catalog, paths: Sequence[str]) -> Iterable[Item]:
        return (Item(one.media_id, one.path, one) for one in catalog.of(paths).rows(MediaItem))

    return [
        ReduceStep("list", listed, config, (), (Source,)),
        MapStep("probe", Placed, config, sources, (Source,), MediaItem),
        MapStep("split", PlacedShots, config, media, (MediaItem,), Shot, on_gpu=True),
    ]
