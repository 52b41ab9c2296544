"""A whole file goes to its place, or a row says why it cannot."""

import hashlib

import pytest
from f2s_catalog.records import RestoredSegment

from f2s_ray.errors import MediaError
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup, AssembleUnit
from f2s_ray.stages.units import FaceName
from tests.stages.rows import media


def unit(path, *, suffix=".jpg", content=b"pixels", names_taken=()):
    segment = RestoredSegment(
        task_id="t",
        shot_id="m/0",
        media_id="m",
        path=f"work/t{suffix}",
        digest=hashlib.sha256(content).hexdigest(),
        byte_count=len(content),
        first_frame=0,
        frame_count=1,
        carried_over=("exif",),
        changed=(),
        faces=(),
        gates=(),
        seconds=0.0,
        model_seconds=0.0,
        peak_memory_bytes=0,
    )
    return AssembleUnit(
        segments=(segment,),
        media=media(path),
        restorer="r@1",
        names_taken=names_taken,
        face_names=(),
        planned_on="2026-02-03",
    )


@pytest.fixture
def output(tmp_path):
    (tmp_path / "work").mkdir()
    for suffix in (".jpg", ".tif"):
        (tmp_path / "work" / f"t{suffix}").write_bytes(b"pixels")
    return tmp_path


def assemble(output, record):
    (result,) = AssembleMedia(AssembleSetup(preset="h264", input_root=str(output), output_root=str(output)))(record)
    return result


def test_a_result_goes_under_the_path_of_its_source(output):
    result = assemble(output, unit("a/b.JPG"))
    assert result.path == "restored/a/b.JPG"
    assert (output / result.path).read_bytes() == b"pixels"
    assert not (output / "work" / "t.jpg").exists()


def test_a_result_of_another_format_bears_both_endings(output):
    assert assemble(output, unit("a.dng", suffix=".tif")).path == "restored/a.dng.tif"


def test_a_result_that_is_in_its_place_already_is_taken_as_it_is(output):
    assemble(output, unit("a.jpg"))
    assert assemble(output, unit("a.jpg")).digest == hashlib.sha256(b"pixels").hexdigest()


def test_a_name_that_belongs_to_another_file_is_not_overwritten(output):
    with pytest.raises(MediaError, match="rename one") as trouble:
        assemble(output, unit("a.dng", suffix=".tif", names_taken=("a.dng.tif",)))
    assert trouble.value.kind == "name"
    assert not (output / "restored").exists()


def test_a_name_too_long_for_the_disk_is_this_files_trouble(output):
    with pytest.raises(MediaError) as trouble:
        assemble(output, unit("x" * 252 + ".dng", suffix=".tif"))
    assert trouble.value.kind == "name"


def test_a_folder_where_the_result_belongs_is_this_files_trouble(output):
    (output / "restored" / "a.jpg" / "in it").mkdir(parents=True)
    with pytest.raises(MediaError) as trouble:
        assemble(output, unit("a.jpg"))
    assert trouble.value.kind == "name"


def test_a_segment_that_is_gone_is_told(output):
    (output / "work" / "t.jpg").unlink()
    with pytest.raises(MediaError) as trouble:
        assemble(output, unit("a.jpg"))
    assert trouble.value.kind == "lost"


@pytest.fixture
def photo(tmp_path):
    """INPUT with a photo, and what `restore` leaves of it; a function from names to the unit of that."""
    from PIL import Image

    from f2s_ray.media.metadata import carry
    from f2s_ray.stages.naming import noted
    from tests.media.samples import picture, saved, tagged

    (tmp_path / "work").mkdir()
    (tmp_path / "a.jpg").write_bytes(tagged(saved(Image.fromarray(picture()), "JPEG")))
    aside = tmp_path / "work" / "t.jpg"
    aside.write_bytes(saved(Image.fromarray(255 - picture()), "JPEG"))
    carry(tmp_path / "a.jpg", aside, noted("r@1", "2026-02-03"))
    content = aside.read_bytes()

    def named(*names):
        faces = tuple(FaceName(face_id=name, name=name, box_px=(5, 5, 20, 25)) for name in names)
        return unit("a.jpg", content=content).model_copy(update={"face_names": faces})

    return named


def names_in(path):
    from f2s_ray.media.exiv2 import read_tags

    return [str(value) for key, value in read_tags(path.read_bytes()).xmp.items() if key.endswith("mwg-rs:Name")]


def test_names_go_into_the_result_and_out_of_it_and_its_pixels_stay(photo, tmp_path):
    plain = assemble(tmp_path, photo())
    first = (tmp_path / plain.path).read_bytes()
    ada = assemble(tmp_path, photo("Ada Lovelace"))
    assert names_in(tmp_path / ada.path) == ["Ada Lovelace"]
    assert ada.digest == hashlib.sha256((tmp_path / ada.path).read_bytes()).hexdigest() != plain.digest
    assert ada.names_digest == hashlib.sha256(b"Ada Lovelace Ada Lovelace").hexdigest()
    both = assemble(tmp_path, photo("Ada Lovelace", "Grace Hopper"))
    assert names_in(tmp_path / both.path) == ["Ada Lovelace", "Grace Hopper"]
    again = assemble(tmp_path, photo())
    assert (again, (tmp_path / again.path).read_bytes()) == (plain, first)
    assert (plain.names_digest, names_in(tmp_path / again.path)) == ("", [])
    assert (tmp_path / again.path).stat().st_mtime_ns == (tmp_path / "a.jpg").stat().st_mtime_ns


def test_names_given_before_and_after_give_the_same_bytes(photo, tmp_path):
    aside = tmp_path / "work" / "t.jpg"
    content = aside.read_bytes()
    assemble(tmp_path, photo())
    later = assemble(tmp_path, photo("Ada"))
    aside.write_bytes(content)
    assert assemble(tmp_path, photo("Ada")) == later
    assert list((tmp_path / "work").iterdir()) == []


def test_a_result_that_somebody_changed_is_not_named(photo, tmp_path):
    result = assemble(tmp_path, photo())
    place = tmp_path / result.path
    place.write_bytes(place.read_bytes().replace(b"\xff\xd9", b"\0\xff\xd9"))
    with pytest.raises(MediaError, match="was changed or is gone"):
        assemble(tmp_path, photo("Ada"))
