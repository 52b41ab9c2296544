"""A person to what must be nowhere once they are erased: their names, and bytes of their vectors, ids and thumbnails."""

import json
from collections.abc import Iterator, Sequence, Set

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.erase import THUMBNAILS
from f2s_catalog.erase_faces import rows_of, tables_of
from f2s_catalog.ids import digest
from f2s_catalog.place import Place
from f2s_catalog.records import Face, Identity, Label, MediaItem, Source
from f2s_catalog.spelled import Spelled
from f2s_catalog.storage import read, walk
from f2s_catalog.store import catalog_folder

__all__ = ["is_elsewhere", "names_of", "needles_of", "thumbnail_name"]

_SLICE = 96


def names_of(root: Place, ids: Set[str]) -> tuple[list[str], list[str]]:
    """What they were ever called, and what others were."""
    rows = [*rows_of(root, Identity, ["identity_id", "name"]), *rows_of(root, Label, ["identity_id", "name"])]
    own = {row["name"] for row in rows if row["identity_id"] in ids and row["name"]}
    others = {row["name"] for row in rows if row["identity_id"] not in ids and row["name"]}
    return sorted(own), sorted(others)


def is_elsewhere(root: Place, names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a name is a word of paths, or of another's longer name."""
    texts = {row["path"] for kind in (Source, MediaItem) for row in rows_of(root, kind, ["path"])} | set(others)
    for found in walk(root / "runs"):
        if found.path.endswith("/run.json"):
            texts.add(str(json.loads(read(root / "runs" / found.path)).get("input", "")))
    texts.add(str(root))
    return Spelled(names).in_column(pa.array(sorted(texts), pa.string()), is_about_people=True)


def thumbnail_name(face_id: str) -> str:
    """How the names of all small pictures of a face begin."""
    return digest(face_id)


def needles_of(root: Place, ids: Set[str], face_ids: Set[str]) -> Iterator[tuple[str, str]]:
    """Bytes in hexadecimal that must be nowhere, and what they are."""
    for identity_id in sorted(ids):
        yield identity_id.encode().hex(), "the id of the person"
    for record_type, key, vector, wanted, what in (
        (Face, "face_id", "embedding", face_ids, "an embedding"),
        (Identity, "identity_id", "centroid", ids, "the mean of the embeddings"),
    ):
        for table in tables_of(root, record_type, [key, vector]):
            own = pc.is_in(table[key], value_set=pa.array(sorted(wanted), pa.string()))
            for values in table.filter(own)[vector].to_pylist():
                if len(values) > 1:
                    yield pa.array(values, pa.float32()).buffers()[1].to_pybytes()[: 4 * len(values)].hex(), what
    names = set(map(thumbnail_name, face_ids))
    folder = catalog_folder(root) / THUMBNAILS
    for found in walk(folder):
        if found.path.rpartition("/")[2].partition("-")[0] in names:
            content = read(folder / found.path)
            begin = len(content) // 2  # all pictures of a format begin alike
            yield content[begin : begin + _SLICE].hex(), "a thumbnail"
