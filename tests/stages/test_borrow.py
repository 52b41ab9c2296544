"""Whose code a shot takes."""

import math
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f2s_ray.stages.borrow import LOOKS, NOISE_FLOOR, BorrowConfig, borrow


def looks(path, *, camera=None, faces=0, regions=0, changes=0, noise=0.02, sharpness=0.5, blockiness=0.1, film=None):
    """One row; a shot of a film has its id."""
    return {
        "media_id": film or f"id of {path}",
        "path": path,
        "camera": camera,
        "is_film": film is not None,
        "has_code": faces > 0,
        "face_count": faces,
        "region_count": regions,
        "change_count": changes,
        "noise_measured": noise,
        "sharpness_measured": sharpness,
        "blockiness_measured": blockiness,
    }


def loans(rows, config=None):
    return list(borrow(pa.Table.from_pylist(rows, schema=LOOKS), config or BorrowConfig()))


def borrowed(*rows, config=None):
    """By path the origin, the path of the lender, and why."""
    found = zip(rows, loans(rows, config), strict=True)
    return {
        row["path"]: (loan.origin, None if loan.row is None else rows[loan.row]["path"], loan.why)
        for row, loan in found
    }


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"faces": 1}, "read from 1 face"),
        ({"faces": 3}, "read from 3 faces"),
        ({"faces": 2, "regions": 2}, "read from 2 faces; non-uniform damage, 2 regions"),
        ({"faces": 2, "changes": 3}, "read from 2 faces; the damage changes, 3 stretches"),
    ],
)
def test_a_picture_with_faces_keeps_its_own_code(told, why):
    assert borrowed(looks("a/1.jpg", **told), looks("a/2.jpg", faces=1))["a/1.jpg"] == ("face", "a/1.jpg", why)


def test_a_picture_without_a_face_takes_the_code_of_its_neighbour():
    origin, lender, why = borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1))["a/1.jpg"]
    assert (origin, lender) == ("borrowed", "a/2.jpg")
    assert why.startswith("same folder as a/2.jpg")


def test_the_same_camera_lends_across_folders():
    found = borrowed(looks("a/1.jpg", camera="Box 1"), looks("b/2.jpg", camera="Box 1", faces=1))
    assert found["a/1.jpg"][2].startswith("same camera as b/2.jpg")


@pytest.mark.parametrize("cameras", [(None, None), ("Box 1", "Box 2"), ("Box 1", None), (None, "Box 1")])
def test_a_stranger_does_not_lend(cameras):
    mine, theirs = cameras
    origin, lender, why = borrowed(looks("a/1.jpg", camera=mine), looks("b/2.jpg", camera=theirs, faces=1))["a/1.jpg"]
    assert (origin, lender) == ("blind", None)
    assert "no usable face" in why


@pytest.mark.parametrize("other", ["a/b/2.jpg", "2.jpg"])
def test_a_folder_inside_is_another_folder(other):
    assert borrowed(looks("a/1.jpg"), looks(other, faces=1))["a/1.jpg"][0] == "blind"


def test_a_film_lends_to_itself_alone():
    rows = [
        looks("a/1.mkv", film="one"),
        looks("a/1.mkv", film="one", faces=1, sharpness=0.6),
        looks("a/2.mkv", film="two", faces=1),
        looks("a/3.jpg", faces=1),
    ]
    assert loans(rows)[0][:2] == ("borrowed", 1)
    assert loans([rows[0], *rows[2:]])[0].origin == "blind"


@pytest.mark.parametrize(
    "unlike", [{"noise": 0.08}, {"noise": 0.002}, {"sharpness": 0.9}, {"sharpness": 0.1}, {"blockiness": 0.4}]
)
def test_a_picture_that_looks_otherwise_does_not_lend(unlike):
    assert borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1, **unlike))["a/1.jpg"][0] == "blind"


def test_the_limits_are_the_configurations():
    pictures = looks("a/1.jpg"), looks("a/2.jpg", faces=1, sharpness=0.8)
    assert borrowed(*pictures)["a/1.jpg"][0] == "blind"
    assert borrowed(*pictures, config=BorrowConfig(max_sharpness_gap=0.4))["a/1.jpg"][0] == "borrowed"


def test_the_same_folder_goes_before_a_nearer_look():
    found = borrowed(
        looks("a/1.jpg", camera="Box"),
        looks("a/2.jpg", faces=1, sharpness=0.6),
        looks("b/3.jpg", camera="Box", faces=1),
    )
    assert found["a/1.jpg"][1] == "a/2.jpg"


def test_in_one_folder_the_nearest_look_lends():
    found = borrowed(looks("a/1.jpg"), looks("a/2.jpg", faces=1, sharpness=0.6), looks("a/3.jpg", faces=1, noise=0.022))
    assert found["a/1.jpg"][1] == "a/3.jpg"


def test_equal_looks_fall_to_the_path_whatever_the_order():
    pictures = [looks("a/1.jpg"), looks("a/3.jpg", faces=1), looks("a/2.jpg", faces=1)]
    there, back = borrowed(*pictures), borrowed(*pictures[::-1])
    assert there == back
    assert there["a/1.jpg"][1] == "a/2.jpg"


def test_what_was_borrowed_is_not_lent_on():
    found = borrowed(
        looks("a/1.jpg", sharpness=0.5),
        looks("a/2.jpg", sharpness=0.65),
        looks("a/3.jpg", sharpness=0.8, faces=1),
    )
    assert [origin for origin, _, _ in found.values()] == ["blind", "borrowed", "face"]


def test_an_empty_archive_has_no_codes():
    assert loans([]) == []


def plain(rows, config):
    """The same by comparing each with each: origin and row."""
    return [("face", n) if row["has_code"] else _plainly(rows, row, config) for n, row in enumerate(rows)]


def _plainly(rows, row, config):
    kinds = ["film"] if row["is_film"] else ["folder", *(["camera"] if row["camera"] else [])]
    for kind in kinds:
        there = [n for n, one in enumerate(rows) if one["has_code"] and _place(one, kind) == _place(row, kind)]
        alike = [(far, rows[n]["path"], n) for n in there if (far := _distance(row, rows[n], config)) is not None]
        if alike:
            return "borrowed", min(alike)[2]
    return "blind", None


def _place(row, kind):
    if kind == "film" or row["is_film"]:
        return kind == "film" and row["is_film"] and row["media_id"]
    return str(PurePosixPath(row["path"]).parent) if kind == "folder" else row["camera"]


def _distance(row, other, config):
    gaps = (
        abs(math.log2((row["noise_measured"] + NOISE_FLOOR) / (other["noise_measured"] + NOISE_FLOOR)))
        / config.max_noise_octaves,
        abs(row["sharpness_measured"] - other["sharpness_measured"]) / config.max_sharpness_gap,
        abs(row["blockiness_measured"] - other["blockiness_measured"]) / config.max_blockiness_gap,
    )
    return None if max(gaps) > 1 else sum(gaps)


@st.composite
def archives(draw):
    """Few places and coarse measures, so that looks are equal, and gaps are at the limit, again and again."""
    count = draw(st.integers(0, 30))
    rows = []
    for number in range(count):
        film = draw(st.sampled_from([None, None, None, "one", "two"]))
        folder = draw(st.sampled_from(["", "a/", "b/"]))
        name = draw(st.sampled_from(["1", "2", "é", str(number)]))
        rows.append(
            looks(
                f"{folder}{film or name}",
                camera=draw(st.sampled_from([None, "Box", "Leica"])),
                faces=draw(st.integers(0, 1)),
                noise=draw(st.sampled_from([0.0, 0.004, 0.012, 0.0125])),
                sharpness=draw(st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.7])),
                blockiness=draw(st.sampled_from([0.0, 0.05, 0.15, 0.3])),
                film=film,
            )
        )
    return rows


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(archives(), st.sampled_from([BorrowConfig(), BorrowConfig(max_noise_octaves=1, max_sharpness_gap=0.4)]))
def test_the_choice_is_that_of_comparing_each_with_each(rows, config):
    assert [loan[:2] for loan in loans(rows, config)] == plain(rows, config)


@pytest.mark.parametrize("digits", [1, 2, 9])
@pytest.mark.parametrize("spread", [0.02, 0.3])
def test_so_it_is_in_a_large_folder(digits, spread):
    """More lenders than are compared first; coarse digits make many that are equally far."""
    random = np.random.default_rng(0)
    rows = [
        looks(
            f"a/{random.integers(10_000)}.jpg",
            faces=int(random.random() < 0.6),
            noise=round(abs(float(random.normal(0.02, spread / 10))), digits + 1),
            sharpness=round(float(random.normal(0.5, spread)), digits),
            blockiness=round(abs(float(random.normal(0.1, spread))), digits),
        )
        for _ in range(600)
    ]
    assert [loan[:2] for loan in loans(rows)] == plain(rows, BorrowConfig())
