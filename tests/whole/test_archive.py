"""A folder with good pictures and all kinds of trouble, restored by one command, and again, and after changes."""

import json
from collections import Counter

import numpy as np
import pytest
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import Face, Identity, MediaItem, RestoredMedia, Source
from PIL import Image

from f2s_ray.cli.look import print_plan
from f2s_ray.media.compare import compare
from f2s_ray.media.film.compare import compare_films
from f2s_ray.media.film.scan import scan_packets
from f2s_ray.media.photo import Limits
from f2s_ray.media.probe import probe
from tests.media.samples import SAMPLES, saved, tagged
from tests.whole.made import (
    COMPOSED,
    DECOMPOSED,
    FILM,
    FILM_SHOTS,
    GOOD,
    PEOPLE,
    PHOTOS,
    TROUBLE,
    f2s,
    files,
    left_aside,
    rows,
)


@pytest.fixture
def archive(restored):
    return restored.archive


def worked_on(output):
    """Step and path of all items of the newest run."""
    newest = max((output / "runs").iterdir())
    events = [json.loads(line) for line in (newest / "events.jsonl").read_text().splitlines()]
    return sorted((event["step"], event["path"]) for event in events if event["event"] == "item")


def test_the_tree_of_good_pictures_is_mirrored_and_the_last_line_counts(restored, archive):
    assert set(files(archive.output / "restored")) == set(GOOD)
    assert restored.ended.out.splitlines()[-1] == f"{len(GOOD)} done, {len(TROUBLE) - 1} failed, 0 pending"
    assert (restored.ended.code, restored.ended.err) == (1, "")


def test_what_is_not_restored_has_one_row_that_says_why(archive):
    told = [row for row in rows(archive.output)["attempts"] if row["status"] != "done"]
    assert {row["path"]: (row["step"], row["error_kind"]) for row in told} == TROUBLE
    assert len(told) == len(TROUBLE)
    assert {row["path"] for row in told if row["status"] == "skipped"} == {"notes.txt"}
    for row in told:
        assert row["message"].startswith(row["path"])
        assert "Error" not in row["message"]


def test_every_input_is_listed_and_has_its_attempt_at_each_step_up_to_its_end(archive):
    tables = rows(archive.output)
    paths = {*GOOD, *TROUBLE}
    assert {row["path"] for row in tables["sources"]} == paths
    steps = Counter(row["step"] for row in tables["attempts"])
    assert steps["probe"] == len(paths)
    assert steps["detect"] == len(PHOTOS) + len(FILM_SHOTS) + 2
    assert steps["assemble"] == steps["score"] == len(GOOD)
    assert steps["restore"] == steps["estimate"] == len(PHOTOS) + len(FILM_SHOTS)


def test_the_source_is_untouched(restored, archive):
    assert files(archive.source) == restored.source_before


def test_nothing_is_left_aside(archive):
    assert left_aside(archive.output) == []


@pytest.mark.parametrize("path", PHOTOS)
def test_a_photo_has_the_format_the_metadata_and_the_time_of_its_source(archive, path):
    source, result = archive.source / path, archive.output / "restored" / path
    before, after = probe(source, Limits()), probe(result, Limits())
    kept = ("format", "width_px", "height_px", "page_count", "bit_depth", "colour", "has_alpha", "captured_at")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert compare(source, result) == []
    assert result.stat().st_mtime_ns == source.stat().st_mtime_ns


def test_a_film_has_the_stamps_the_streams_and_the_time_of_its_source(archive):
    source, result = archive.source / FILM, archive.output / "restored" / FILM
    assert compare_films(source, result) == []
    assert scan_packets(result).frame_count == sum(FILM_SHOTS)
    assert result.stat().st_mtime_ns == source.stat().st_mtime_ns


def test_people_of_the_film_are_people_of_the_photos(archive):
    """The film goes over the picture of six people that is a photo of the archive, too."""
    catalog = Catalog(archive.output)
    paths = {item.media_id: item.path for item in catalog.rows(MediaItem)}
    seen = {face.face_id: paths[face.media_id] for face in catalog.rows(Face)}
    together = [{seen[face_id] for face_id in one.face_ids} for one in catalog.rows(Identity)]
    assert {PEOPLE[2], FILM} in together


def test_the_plan_names_each_piece_of_work_with_its_damage(archive, capsys):
    print_plan(archive.output, as_json=True)
    *told, total = map(json.loads, capsys.readouterr().out.splitlines())
    assert {row["shot"] for row in told} == {*PHOTOS, f"{FILM}#0", f"{FILM}#1"}
    assert total["tasks"] == len(told)
    for row in told:
        assert (row["damage"] is None) == (row["code_origin"] == "blind")
    assert {row["frames"] for row in told if row["shot"].startswith(FILM)} == {"0 to 19", "20 to 31"}
    (portrait,) = (row for row in told if row["shot"] == PEOPLE[0])
    assert portrait["damage"].keys() == {"noise", "blur", "jpeg", "downscale"}


def test_a_turned_picture_comes_back_upright(archive):
    source, result = (Image.open(folder / PEOPLE[1]) for folder in (archive.source, archive.output / "restored"))
    assert result.getexif().get(274) == 1
    upright = np.asarray(source.transpose(Image.Transpose.ROTATE_270)).astype(float)
    difference = np.asarray(result).astype(float) - upright
    assert np.abs(difference).mean() < np.abs(upright[:, ::-1] - upright).mean() / 4


def test_names_that_look_alike_stay_two_files(archive):
    results = files(archive.output / "restored")
    assert results[COMPOSED] != results[DECOMPOSED]


def test_the_page_tells_of_all_that_failed(archive):
    (page,) = archive.output.glob("runs/*/report.html")
    text = page.read_text(encoding="utf-8")
    assert all(path in text for path in ("broken.jpg", "truncated.jpg", "empty.jpg", "pipe.jpg"))


def test_a_second_run_does_nothing_and_says_the_same(restored, copied):
    before = files(copied.output)
    again = copied.restore()
    after = files(copied.output)
    assert {path: fact for path, fact in after.items() if not path.startswith("runs/")} == {
        path: fact for path, fact in before.items() if path != "catalog/.lock"
    } | {"catalog/.lock": after["catalog/.lock"]}
    assert worked_on(copied.output) == []
    assert (again.code, again.out.splitlines()[-1]) == (1, restored.ended.out.splitlines()[-1])


def test_a_new_picture_without_faces_costs_only_itself(copied):
    before = files(copied.output / "restored")
    (copied.source / "apart").mkdir()
    (copied.source / "apart" / "new.png").write_bytes(SAMPLES["rgb8.png"]())
    copied.restore()
    steps = ("assemble", "detect", "estimate", "probe", "restore", "score", "split")
    assert worked_on(copied.output) == [(step, "apart/new.png") for step in steps]
    after = files(copied.output / "restored")
    assert after.keys() - before.keys() == {"apart/new.png"}
    assert before.items() <= after.items()


def test_other_bytes_under_the_same_name_replace_their_rows_and_their_result(copied):
    """One picture is mended, another is replaced, a third gets broken: each has the rows of its bytes of today."""
    mended, replaced, spoilt = "truncated.jpg", "scans/grey.jpg", "scans/grey16.png"
    (copied.source / mended).write_bytes(SAMPLES["rgb.jpg"]())
    (copied.source / replaced).write_bytes(tagged(saved(Image.new("L", (80, 40), 90), "JPEG")))
    (copied.source / spoilt).write_bytes(SAMPLES["grey16.png"]()[:-400])
    ended = copied.restore()
    assert {path for _, path in worked_on(copied.output)} == {mended, replaced, spoilt}
    catalog = Catalog(copied.output)
    media = {item.path: item for item in catalog.rows(MediaItem)}
    assert (media[replaced].width_px, spoilt in media) == (80, False)
    done = {row.media_id: row.path for row in catalog.rows(RestoredMedia)}
    assert done[media[mended].media_id] == f"restored/{mended}"
    assert probe(copied.output / "restored" / replaced, Limits()).width_px == 80
    failed = [json.loads(line) for line in f2s("failed", copied.output).out.splitlines()]
    assert {row["path"] for row in failed} == {*TROUBLE, spoilt} - {mended, "notes.txt"}
    assert len(failed) == len(TROUBLE) - 1
    assert ended.out.splitlines()[-1] == f"{len(GOOD)} done, {len(failed)} failed, 0 pending"


def test_a_file_that_went_away_is_out_of_the_listing_and_the_counts(copied):
    gone = "scans/ink.jpg"
    (copied.source / gone).unlink()
    (copied.source / "broken.jpg").unlink()
    ended = copied.restore()
    assert worked_on(copied.output) == []
    assert gone not in {row.path for row in Catalog(copied.output).rows(Source)}
    assert ended.out.splitlines()[-1] == f"{len(GOOD) - 1} done, {len(TROUBLE) - 2} failed, 0 pending"
    assert "broken.jpg" not in f2s("failed", copied.output).out
    (page,) = copied.output.glob("runs/*/report.html")
    assert gone not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [PEOPLE[0], FILM])
def test_a_result_that_was_deleted_is_made_again(copied, path):
    result = copied.output / "restored" / path
    before = files(copied.output / "restored")
    result.unlink()
    ended = copied.restore()
    assert ended.code == 1
    assert files(copied.output / "restored") == before
    assert {path for step, path in worked_on(copied.output) if step in ("restore", "assemble")} == {path}
