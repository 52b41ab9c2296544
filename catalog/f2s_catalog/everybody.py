"""An archive where people were told apart to one where nobody is: no vectors, identities, references, statements."""

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from f2s_catalog.cipher import read_fragment
from f2s_catalog.compact import sweep
from f2s_catalog.erase import bare_files, people_held, rewrite
from f2s_catalog.ledger import Catalog
from f2s_catalog.place import Place
from f2s_catalog.records import TABLES, Attempt, Face
from f2s_catalog.storage import remove
from f2s_catalog.store import fragments

__all__ = ["Collected", "collected", "erase_everybody"]

_MADE_BY = ["step", "item_id", "fingerprint"]


class Collected(NamedTuple):
    """What there is of people: rows of faces with a vector, and rows of the other tables about people."""

    vectors: int
    rows: int


def collected(root: Place) -> Collected:
    """What earlier runs left, in current and in older rows.

    Raises:
        CatalogError: a table cannot be read.
    """
    vectors = sum(_with_vector(read_fragment(path, Face, ["embedder"])).num_rows for path in fragments(root, Face))
    others = (kind for kind in TABLES if kind.BIOMETRIC and kind is not Face)
    rows = sum(read_fragment(path, kind, list(kind.KEY)).num_rows for kind in others for path in fragments(root, kind))
    return Collected(vectors, rows)


def erase_everybody(root: Place) -> Collected:
    """Remove all of that, and the pages and thumbnails that show people; what was removed.

    Faces without a vector stay, since they tell of damage; places of people who were erased stay, too. Who takes faces
    away takes away that they were looked for: a run that wants them looks again.

    Raises:
        CatalogError: another run is writing, or a file cannot be read or changed.
    """
    found = collected(root)
    with Catalog(root).writing(), people_held(root):
        sweep(root)
        _forget_looking(root)  # first: whoever is cut off later finds the faces still there, and ends it
        for path in fragments(root, Face):
            table = read_fragment(path, Face)
            left = table.filter(pc.equal(table["embedder"], ""))
            if left.num_rows < table.num_rows:
                rewrite(root, Face, path, left)
        for kind in (kind for kind in TABLES if kind.BIOMETRIC and kind is not Face):
            for path in fragments(root, kind):
                if (table := read_fragment(path, kind)).num_rows:
                    rewrite(root, kind, path, table.slice(0, 0))
        for bare in bare_files(root):
            remove(bare)
    return found


def _forget_looking(root: Place) -> None:
    """Remove the attempts that made faces with a vector."""
    found = [_with_vector(read_fragment(path, Face, [*_MADE_BY, "embedder"])) for path in fragments(root, Face)]
    if not found:
        return
    keys = pa.concat_tables(found).group_by(_MADE_BY).aggregate([])
    for path in fragments(root, Attempt):
        table = read_fragment(path, Attempt)
        left = table.join(keys, _MADE_BY, join_type="left anti").select(table.column_names)
        if left.num_rows < table.num_rows:
            rewrite(root, Attempt, path, left.cast(table.schema))


def _with_vector(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["embedder"], ""))
