"""A file to the media that have a face, or a damage, like it: cosines, reckoned where the vectors are stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from f2s_catalog.errors import QueryError
from f2s_catalog.find_terms import Like, Question, fault
from f2s_catalog.nearest import nearest

__all__ = ["LEAST_LIKENESS", "FacesRead", "ReadFaces", "alike", "no_reader"]

LEAST_LIKENESS = {"face": 0.4, "damage": 0.7}
"""Cosine from which two are alike: of faces where SFace takes two pictures for one person in a small archive."""

_OWN = {
    "face": "SELECT embedder AS network, embedding AS vector FROM faces JOIN media USING (media_id)",
    "damage": "SELECT estimator AS network, signature AS vector FROM degradations JOIN shots USING (shot_id)"
    " JOIN media USING (media_id)",
}


@dataclass(frozen=True)
class FacesRead:
    """The faces of a file: name@digest of who embedded them, and their unit vectors."""

    embedder: str
    vectors: Sequence[Sequence[float]]


ReadFaces = Callable[[Path], FacesRead]


def no_reader(path: Path) -> FacesRead:
    """Where no network is at hand only files of the archive can be asked for."""
    raise QueryError(f"{path} is no file of the archive, and there are no networks here to read it with")


def alike(connection: duckdb.DuckDBPyConnection, question: Question, like: Like, read_faces: ReadFaces) -> pa.Table:
    """media_id and likeness of all media that are like a file, without the file itself.

    Raises:
        QueryError: the file is neither in the archive nor on this machine, or shows nothing to compare with.
    """
    own = f"{_OWN[like.what]} WHERE path = ? AND len(vector) > 0"
    wanted = connection.execute(own, [like.path]).fetchall()
    if not wanted and not connection.execute("SELECT path FROM media WHERE path = ?", [like.path]).fetchall():
        wanted = _outside(connection, question, like, read_faces)
    if not wanted:
        raise fault(
            question.text, like.column, f"{like.path!r} shows no {like.what} to compare with; name another file"
        )
    sql = (
        "SELECT media_id, max(list_cosine_similarity(there.vector, here.vector)) AS likeness FROM"
        f" ({_OWN[like.what].replace('SELECT ', 'SELECT path, media_id, ', 1)}) AS there JOIN _wanted AS here"
        " ON there.network = here.network AND len(there.vector) = len(here.vector) WHERE path <> ?"
        " GROUP BY media_id HAVING likeness >= ?"
    )
    networks, vectors = zip(*wanted, strict=True)
    connection.register(
        "_wanted", pa.table({"network": list(networks), "vector": pa.array(list(vectors), pa.list_(pa.float32()))})
    )
    return connection.sql(sql, params=[like.path, LEAST_LIKENESS[like.what]]).to_arrow_table()


def _outside(
    connection: duckdb.DuckDBPyConnection, question: Question, like: Like, read_faces: ReadFaces
) -> list[tuple[str, Sequence[float]]]:
    """The faces of a file of this machine."""
    if like.what == "face" and (path := Path(like.path)).is_file():
        read = read_faces(path)
        return [(read.embedder, vector) for vector in read.vectors]
    paths = [path for (path,) in connection.sql("SELECT path FROM media").fetchall()]
    where = "in the archive or on this machine" if like.what == "face" else "in the archive"
    raise fault(question.text, like.column, f"there is no file {like.path!r} {where}; {nearest(like.path, paths)}")
