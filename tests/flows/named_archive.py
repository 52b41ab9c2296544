"""An archive of made photos whose faces and people are known, with its catalog written straight into the tables."""

import json
from pathlib import Path

import numpy as np
from f2s_catalog.ledger import Catalog, Outcome
from f2s_catalog.records import Attempt, Face, Identity, MediaItem, Record, Source
from PIL import Image

from f2s_ray.flows.names import Imported, read_names
from f2s_ray.flows.people import People
from f2s_ray.media.exiv2 import opened
from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from tests.media.samples import saved
from tests.stages.named import face, identity

UPRIGHT = (400, 300)


class Archive:
    """INPUT and OUTPUT; photos are added with their faces, then ``index`` writes the tables."""

    def __init__(self, root: Path) -> None:
        self.source, self.output = root / "photos", root / "restored"
        self.source.mkdir()
        self.catalog = Catalog(self.output)
        self._faces: dict[str, list[Face]] = {}
        self._sequence = 0

    def add(self, path: str, *boxes, orientation=1, packet=b"", software="") -> None:
        """A JPEG whose upright form is 400 x 300, and the boxes of its faces."""
        size = UPRIGHT[::-1] if orientation >= 5 else UPRIGHT
        pixels = np.full((size[1], size[0], 3), sum(path.encode()) % 256, np.uint8)  # no two have the same bytes
        options = {"xmp": packet} if packet else {}
        with opened(saved(Image.fromarray(pixels), "JPEG", **options)) as image:
            image.modify_exif({"Exif.Image.Orientation": str(orientation)})
            if software:
                image.modify_exif({"Exif.Image.Software": software})
            data = bytes(image.get_bytes())
        (self.source / path).parent.mkdir(parents=True, exist_ok=True)
        (self.source / path).write_bytes(data)
        self._faces[path] = [face(path, number, box) for number, box in enumerate(boxes)]

    def looks(self, **groups: list[tuple[str, int]]) -> None:
        """Faces that look like one person each; before ``index``."""
        for seed, places in enumerate(groups.values()):
            centre = np.random.default_rng(seed).normal(size=128)
            for number, (path, at) in enumerate(places):
                own = np.random.default_rng([seed, number]).normal(size=128)
                vector = np.sqrt(0.65) * centre / np.linalg.norm(centre) + np.sqrt(0.35) * own / np.linalg.norm(own)
                vector /= np.linalg.norm(vector)
                changes = {"embedding": tuple(vector.tolist()), "quality": 0.6 + 0.01 * number}
                self._faces[path][at] = self._faces[path][at].model_copy(update=changes)

    def put_faces(self, path: str, faces: list[Face]) -> None:
        """The faces of a photo that lies in INPUT already."""
        self._faces[path] = faces

    def put(self, path: str, data: bytes | str) -> None:
        """A file beside the photos."""
        (self.source / path).write_bytes(data.encode() if isinstance(data, str) else data)

    def index(self) -> None:
        """The tables of all steps before identify."""
        media: list[MediaItem] = []
        for path in self._faces:
            status = (self.source / path).stat()
            row = Source(path=path, byte_count=status.st_size, modified_ns=status.st_mtime_ns, trouble=None)
            media += list(ProbeMedia(ProbeSetup(input_root=str(self.source)))(row))
        rows = {item.path: item for item in media}
        self._faces = {
            path: [one.model_copy(update={"media_id": rows[path].media_id}) for one in faces]
            for path, faces in self._faces.items()
        }
        self._commit("list", Source, [self._source(item) for item in media])
        self._commit("probe", MediaItem, media)
        self._commit("detect", Face, [one for faces in self._faces.values() for one in faces])
        run = self.output / "runs" / "1"
        run.mkdir(parents=True, exist_ok=True)
        (run / "run.json").write_text(json.dumps({"input": str(self.source), "last_step": "probe"}))

    def people(self, **groups: list[tuple[str, int]]) -> None:
        """Who is who: an id, and its faces as a path and a number; one whose id begins with a capital is called so."""
        identities = [
            identity(key, *(self.face(*place) for place in places), name=key if key.istitle() else None, number=number)
            for number, (key, places) in enumerate(sorted(groups.items()), 1)
        ]
        self.write(identities)

    def film(self, path: str) -> None:
        """Say that a photo is a film."""
        rows = [
            one.model_copy(update={"kind": "film"} if one.path == path else {}) for one in self.catalog.rows(MediaItem)
        ]
        self._commit("probe", MediaItem, rows)

    def unlist(self, paths: list[str]) -> None:
        """The files are gone."""
        self._commit("list", Source, [one for one in self.catalog.rows(Source) if one.path not in paths])

    def write(self, identities: list[Identity]) -> None:
        """The table of identities, anew."""
        self._commit("identify", Identity, identities)

    def face(self, path: str, number: int) -> Face:
        """A face as it stands in the catalog."""
        return self._faces[path][number]

    def _source(self, item: MediaItem) -> Source:
        return Source(path=item.path, byte_count=item.byte_count, modified_ns=item.modified_ns, trouble=None)

    def _commit(self, step: str, kind: type[Record], rows) -> None:
        self._sequence += 1
        attempt = Attempt(
            step=step,
            item_id="*",
            fingerprint=str(self._sequence),
            path="",
            status="done",
            error_kind=None,
            message=None,
            number=self._sequence,
            run_id="1",
            elapsed_seconds=0,
        )
        self.catalog.commit((kind,), [Outcome(attempt, tuple(rows))])


def imported(archive: Archive) -> Imported:
    """Names are read, said, and settled."""
    found = read_names(archive.catalog, archive.source, None)
    people = People(archive.output, "import")
    people.says(found.facts)
    people.settle()
    return found
