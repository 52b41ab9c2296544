"""Estimates become the table of codes: each row with its own code, that of its lender, or none."""

import pytest
from f2s_catalog.arrow import from_table, to_table
from f2s_catalog.ledger import Catalog
from f2s_catalog.records import TABLES, CodeEstimate, DegradationCode

from f2s_ray.errors import ConfigError
from f2s_ray.flows import codes as module
from f2s_ray.flows.codes import codes
from f2s_ray.stages.borrow import BorrowConfig
from tests.catalog.made import outcome, source
from tests.stages.rows import estimate, media, region, shot


@pytest.fixture
def archive(tmp_path):
    """A function from paths and what their faces told to the codes, each by its path."""

    def made(told, *, listed=None, chosen=None, earlier=()):
        catalog = Catalog(tmp_path)
        items = [media(path) for path in told]
        rows = [row for item in items for row in (item, shot(item), *_estimates(item, told[item.path]))]
        sources = [source(path) for path in (told if listed is None else listed)]
        catalog.commit(TABLES, [outcome("*", *sources, *rows, *earlier)])
        table = codes(catalog, BorrowConfig(), chosen or {})
        names = {shot(item).shot_id: item.path for item in items}
        found = from_table(DegradationCode, table)
        assert to_table(DegradationCode, found).equals(table)
        assert [row.shot_id for row in found] == sorted(row.shot_id for row in found)
        return {names[row.shot_id]: row for row in found}

    return made


def _estimates(item, told):
    return () if told is None else (estimate(item, **told),)


def own(path, **told):
    return estimate(media(path), **told)


def test_a_picture_with_faces_keeps_what_they_told(archive):
    parts = (region(0.2), region(0.8))
    code = archive({"a/1.jpg": {"faces": 2, "regions": parts}})["a/1.jpg"]
    row = own("a/1.jpg", faces=2, regions=parts)
    assert (code.origin, code.lender_shot_id) == ("face", None)
    kept = DegradationCode.model_fields.keys() & CodeEstimate.model_fields.keys()
    assert {name: getattr(code, name) for name in kept} == {
        name: pytest.approx(getattr(row, name)) if name == "signature" else getattr(row, name) for name in kept
    }


def test_what_is_borrowed_is_the_mean_of_the_lender(archive):
    found = archive({"a/1.jpg": {}, "a/2.jpg": {"faces": 2, "regions": (region(0.2), region(0.8))}})
    code, lender = found["a/1.jpg"], found["a/2.jpg"]
    assert (code.origin, code.lender_shot_id) == ("borrowed", lender.shot_id)
    assert code.why == "same folder as a/2.jpg, and alike in noise, sharpness and blocks"
    told = ("code", "signature", "blur_sigma_px", "noise_sigma", "jpeg_quality", "downscale", "agreement")
    assert [getattr(code, name) for name in told] == [getattr(lender, name) for name in told]
    assert (code.regions, code.changes) == ((), ())


def test_who_is_blind_has_no_code(archive):
    code = archive({"a/1.jpg": {}})["a/1.jpg"]
    assert (code.origin, code.lender_shot_id, code.code, code.signature) == ("blind", None, (), ())
    assert (code.blur_sigma_px, code.noise_sigma, code.jpeg_quality, code.agreement) == (None,) * 4


def test_a_shot_without_an_estimate_gets_no_code(archive):
    assert set(archive({"a/1.jpg": {"faces": 1}, "a/2.jpg": None})) == {"a/1.jpg"}


def test_a_file_that_is_gone_lends_nothing(archive):
    found = archive({"a/1.jpg": {}, "a/2.jpg": {"faces": 1}}, listed=["a/1.jpg"])
    assert {path: code.origin for path, code in found.items()} == {"a/1.jpg": "blind"}


def test_an_empty_archive_has_no_codes(archive):
    assert archive({}) == {}


def test_many_shots_are_made_in_parts_and_are_the_same(archive, monkeypatch):
    told = {f"{n % 3}/{n:02d}.jpg": {"faces": n % 2, "sharpness": n / 40} for n in range(23)}
    whole = archive(told)
    monkeypatch.setattr(module, "_ASKED_SHOTS", 4)
    monkeypatch.setattr(module, "_TABLE_ROWS", 5)
    assert {code.origin for code in whole.values()} == {"face", "borrowed"}
    assert archive(told) == whole


def test_a_person_has_the_last_word(archive):
    found = archive(
        {"a/1.jpg": {"faces": 1}, "a/2.jpg": {"faces": 1, "sharpness": 0.9}, "a/3.jpg": {"faces": 1}, "a/4.jpg": {}},
        chosen={"a/1.jpg": "blind", "a/4.jpg": "a/2.jpg"},
    )
    assert {path: code.origin for path, code in found.items()} == {
        "a/1.jpg": "blind",
        "a/2.jpg": "face",
        "a/3.jpg": "face",
        "a/4.jpg": "set",
    }
    assert found["a/4.jpg"].code == found["a/2.jpg"].code


def test_a_locked_shot_keeps_the_code_that_it_had(archive):
    before = archive({"a/1.jpg": {"faces": 1, "noise": 0.09}})["a/1.jpg"]
    told = {"a/1.jpg": {"faces": 1, "noise": 0.01}, "a/2.jpg": {}}
    assert archive(told, chosen={"a/1.jpg": "locked"}, earlier=[before])["a/1.jpg"] == before


def test_a_name_that_is_no_shot_is_told_with_the_nearest_of_all(archive):
    with pytest.raises(ConfigError, match=r"a/11.jpg is no shot here; the nearest is a/1.jpg"):
        archive({"a/1.jpg": {"faces": 1}, "b/2.jpg": {}}, chosen={"a/11.jpg": "blind"})
