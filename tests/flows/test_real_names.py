"""A name of another program on a face that the real detector finds, however the photo is turned."""

import numpy as np
import pytest
from f2s_catalog.records import MediaItem, Source
from PIL import Image

from f2s_ray.flows.names import read_names
from f2s_ray.flows.portray import write_names
from f2s_ray.media.exiv2 import opened
from f2s_ray.media.regions import stored_area
from f2s_ray.stages.detect import DetectConfig, DetectFaces, DetectSetup, network_names
from f2s_ray.stages.probe import ProbeMedia, ProbeSetup
from f2s_ray.stages.split import SplitSetup, SplitShots
from f2s_ray.stages.units import ShotUnit
from tests.flows.named_archive import Archive
from tests.media.samples import saved
from tests.media.xmp_samples import picasa
from tests.stages.named import identity

skimage_data = pytest.importorskip("skimage.data", reason="needs f2s-ray[demo]")
HEAD = (150, 30, 290, 210)  # of the astronaut, as a person draws it
SIDE = 512
STORED = {1: [], 3: [Image.Transpose.ROTATE_180], 6: [Image.Transpose.ROTATE_90], 8: [Image.Transpose.ROTATE_270]}


@pytest.fixture
def archive(tmp_path, request):
    """The public-domain astronaut as a camera held so stores it, named by Picasa inside the file."""
    orientation = request.param
    image = Image.fromarray(np.asarray(skimage_data.astronaut()))
    for step in STORED[orientation]:
        image = image.transpose(step)
    packet = picasa("Eileen", stored_area(HEAD, (SIDE, SIDE), orientation), (SIDE, SIDE))
    with opened(saved(image, "JPEG", quality=95, xmp=packet)) as picture:
        picture.modify_exif({"Exif.Image.Orientation": str(orientation), "Exif.Image.Software": "Picasa"})
        data = bytes(picture.get_bytes())
    archive = Archive(tmp_path)
    (archive.source / "a.jpg").write_bytes(data)
    return archive


def detected(archive):
    root = str(archive.source)
    status = (archive.source / "a.jpg").stat()
    row = Source(path="a.jpg", byte_count=status.st_size, modified_ns=status.st_mtime_ns, trouble=None)
    (media,) = ProbeMedia(ProbeSetup(input_root=root))(row)
    assert isinstance(media, MediaItem)
    (shot,) = SplitShots(SplitSetup(input_root=root))(media)
    config = DetectConfig()
    setup = DetectSetup(**config.model_dump(), networks=network_names(config), input_root=root)
    return list(DetectFaces(setup)(ShotUnit(shot=shot, media=media)))


@pytest.mark.parametrize("archive", STORED, indirect=True)
def test_the_astronaut_gets_her_name_and_gives_it_to_a_sidecar(archive, tmp_path):
    faces = detected(archive)
    archive.put_faces("a.jpg", faces)
    archive.index()
    archive.write([identity("p", *faces[:1])])
    found = read_names(archive.catalog, archive.source, None)
    assert {(fact.kind, fact.name, fact.said_by) for fact in found.facts} == {
        ("confirm", None, "import: Picasa"),
        ("name", "Eileen", "import: Picasa"),
    }
    archive.write([identity("p", *faces[:1], name="Eileen")])
    assert write_names(archive.catalog, archive.source, tmp_path / "xmp").written == 1
    (archive.source / "a.jpg").write_bytes(b"")  # only the sidecar is left to tell
    archive.write([identity("p", *faces[:1])])
    again = read_names(archive.catalog, archive.source, tmp_path / "xmp")
    assert (again.names, again.matched, again.conflicts) == (1, 1, [])
