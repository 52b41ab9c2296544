"""A whole file goes to its place, or a row says why it cannot."""

import hashlib

import pytest
from f2s_catalog.records import RestoredSegment

from f2s_ray.errors import MediaError
from f2s_ray.stages.assemble import AssembleMedia, AssembleSetup, AssembleUnit
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
        gates=(),
        seconds=0.0,
        model_seconds=0.0,
        peak_memory_bytes=0,
    )
    return AssembleUnit(segments=(segment,), media=media(path), restorer="r@1", names_taken=names_taken)


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
