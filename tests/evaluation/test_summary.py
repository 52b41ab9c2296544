import json

import pytest

from f2s_ray.evaluation.codes import HALVES
from f2s_ray.evaluation.likeness import VARIANTS
from f2s_ray.evaluation.meters import FIRST, METRICS, SECOND
from f2s_ray.evaluation.summary import summarise
from f2s_ray.evaluation.tables import report
from f2s_ray.media.degrade import Operator

NOTHING = dict.fromkeys(METRICS)
CODES = [{half: [] for half in HALVES}]


def row(strength, methods, *, dataset="a", gates=(), faces=()):
    figures = {name: {**NOTHING, "PSNR": psnr, "SSIM": 0.9, "VGG": vgg} for name, (psnr, vgg) in methods.items()}
    return {"strength": strength, "set": dataset, "methods": figures, "gates": list(gates), "faces": list(faces)}


def gate(decision, own, other):
    near = {"own_before": own[0], "own_after": own[1], "other_before": other[0], "other_after": other[1]}
    return {"decision": decision, FIRST: near}


def figures_of(rows):
    figures = summarise(rows, CODES, [Operator()])
    json.dumps(figures, allow_nan=False)
    return figures


def test_a_difference_is_paired_in_decibels_and_in_percent_of_the_others_distance():
    rows = [
        row("middle", {"input": (20, 0.4), "ours": (22, 0.3)}),
        row("middle", {"input": (30, 0.2), "ours": (33, 0.15)}),
    ]
    (found,) = figures_of(rows)["differences"]
    assert found["what"] == "ours - input"
    assert found["dB"]["mean"] == pytest.approx(2.5)
    assert found["VGG %"]["mean"] == pytest.approx(-25)
    assert found["VGG %"]["interval"] == pytest.approx([-25, -25])


def test_a_method_that_some_pictures_lack_is_compared_on_the_others():
    rows = [row("middle", {"input": (20, 0.4), "ours": (22, 0.3)}), row("middle", {"ours": (40, 0.1)})]
    figures = figures_of(rows)
    assert figures["differences"][0]["pictures"] == 1
    assert figures["means"][0]["methods"]["ours"]["pictures"] == 2


def test_sets_stand_apart_after_all_together():
    rows = [row("mild", {"ours": (20, 0.4)}, dataset=name) for name in ("b", "a")]
    assert [group["set"] for group in figures_of(rows)["means"]] == ["all", "a", "b"]


def test_undamaged_pictures_have_their_worst_and_their_mean():
    every = ("filter", "null", "ours, scene alone", "ours")
    rows = [row("none", {name: (psnr, None) for name in every}) for psnr in (40, 50)]
    assert figures_of(rows)["undamaged"][0]["ours"] == {"min": 40, "mean": 45}


def test_a_face_that_the_gate_let_go_over_to_somebody_else_is_counted():
    gates = [
        gate("restored", (0.5, 0.4), (0.3, 0.45)),
        gate("restored", (0.3, 0.4), (0.5, 0.5)),
        gate("blended", (0.5, 0.6), (0.3, 0.3)),
        gate("kept", (0.5, 0.1), (0.3, 0.9)),
    ]
    first, second = figures_of([row("strong", {"ours": (20, 0.4)}, gates=gates)])["gate"]
    assert (first["accepted"], first["nearer to another before"], first["nearer to another after"]) == (3, 1, 2)
    assert first["gone over"] == 1
    assert first["decisions"] == {"restored": 2, "blended": 1, "kept": 1}
    assert second["accepted"] == 0


def test_faces_are_compared_in_pairs():
    likeness = {name: {FIRST: value, SECOND: None} for name, value in zip(VARIANTS, (0.2, 0.4, 0.3, 0.7), strict=True)}
    faces = figures_of([row("strong", {"ours": (20, 0.4)}, faces=[{"likeness": likeness}])])["faces"]
    found = {(one["embedder"], one["what"]): one["mean"] for one in faces["differences"]}
    assert found[FIRST, "right references - wrong references"] == pytest.approx(0.4)
    assert found[SECOND, "right references - wrong references"] is None


def test_a_report_has_every_table_and_says_what_was_not_measured():
    text = report(figures_of([row("middle", {"input": (20, 0.4), "ours": (22, None)})]), {"NIQE": "a reason"})
    assert "| middle | ours | 1 | 22.00 [22.00, 22.00] | 0.9000 | – |" in text
    assert "NIQE: not measured: a reason" in text
