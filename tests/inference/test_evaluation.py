"""Scores of whole cases, and the reference masks they are held against."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from napari_acs.errors import BadInput
from napari_acs.imaging.metrics import WORST_HD95_MM, dice, hd95
from napari_acs.inference import SegmentationError, evaluate
from napari_acs.inference.reference import (
    FolderCase,
    find_cases,
    find_mask,
    read_reference,
    regions_of,
)
from napari_acs.inference.subsets import evaluate_subsets


def _brats(labels):
    return np.where(labels == 3, 4, labels).astype(np.uint8)


def test_a_perfect_prediction_scores_perfectly_in_either_label_scheme(known_case, known_bundle):
    cases = [known_case("a"), known_case("b", _brats)]
    seen = []
    done = evaluate(known_bundle, cases, "cpu", progress=lambda n, m: seen.append(n))
    assert [case.case for case in done.cases] == ["a", "b"]
    assert set(seen) == {0, 1}
    for name in ("WT", "TC", "ET"):
        assert done.means()[name] == {"dice": 1.0, "hd95_mm": 0.0}
    record = json.loads(json.dumps(done.as_json(), allow_nan=False))
    assert "BraTS" in record["definitions"]["empty_masks"]


def test_a_reference_that_differs_scores_by_the_metrics(known_case, known_bundle, expected_labels):
    def edit(labels):
        thinner = np.where(binary_erosion(labels > 0), labels, 0)
        return np.where(thinner == 3, 1, thinner).astype(np.uint8)  # no ET in the reference

    done = evaluate(known_bundle, [known_case("c", edit)], "cpu").cases[0].regions
    truth, ours = edit(expected_labels) > 0, expected_labels > 0
    assert done["WT"].dice == pytest.approx(dice(ours, truth))
    assert done["WT"].hd95_mm == pytest.approx(hd95(ours, truth, (1.0, 1.0, 1.0)))
    assert done["WT"].reference_ml < done["WT"].predicted_ml
    assert (done["ET"].dice, done["ET"].hd95_mm) == (0.0, WORST_HD95_MM)


def test_a_dataset_json_beside_the_cases_says_what_their_values_mean(known_case, known_bundle):
    def decathlon(labels):
        return np.array([0, 2, 1, 3], np.uint8)[labels]

    case = known_case("case", decathlon)
    swapped = evaluate(known_bundle, [case], "cpu").cases[0].regions
    assert swapped["WT"].dice == swapped["ET"].dice == 1.0
    assert swapped["TC"].dice < 1.0
    said = {"labels": {"background": 0, "edema": 1, "necrosis": 2, "enhancing tumor": 3}}
    (case.parent / "dataset.json").write_text(json.dumps(said))
    told = evaluate(known_bundle, [case], "cpu").cases[0].regions
    assert {name: scores.dice for name, scores in told.items()} == {"WT": 1, "TC": 1, "ET": 1}
    graded = case.parent / "HGG" / "case"
    shutil.copytree(case, graded)
    assert FolderCase(graded).scheme == FolderCase(case).scheme is not None
    (case.parent / "dataset.json").write_text('{"labels": {"tumor": 1}}')
    with pytest.raises(BadInput, match=r"dataset.json does not say"):
        evaluate(known_bundle, [case], "cpu")


def test_an_empty_prediction_is_scored_not_refused(known_case, known_bundle):
    case = known_case("d", leave_out=("flair",))
    (scores,) = evaluate(known_bundle, [case], "cpu").cases
    assert scores.empty
    assert scores.missing == ("flair",)
    assert scores.regions["WT"].dice == 0.0


def test_cancel_keeps_the_cases_that_are_done(known_case, known_bundle):
    cases = [known_case("e"), known_case("f")]
    first = []
    done = evaluate(
        known_bundle,
        cases,
        "cpu",
        cancelled=lambda: bool(first),
        progress=lambda n, m: first.append(n) if n == 1 else None,
    )
    assert not done.complete
    assert [case.case for case in done.cases] == ["e"]


@pytest.mark.parametrize(
    ("labels", "core", "enhancing"),
    [
        ([0, 1, 2, 4], [1, 4], [4]),
        ([0, 1, 2, 3], [1, 3], [3]),
        ([0, 1, 2, 3, 4], [1, 3, 4], [4]),
        ([0, 2], [], []),
        ([0], [], []),
    ],
)
def test_label_schemes(labels, core, enhancing):
    regions = regions_of(np.array(labels), "x")
    chosen = {name: [v for v in labels if mask[labels.index(v)]] for name, mask in regions.items()}
    assert chosen == {"WT": [v for v in labels if v], "TC": core, "ET": enhancing}


def test_unknown_labels_and_another_grid_are_refused(known_case, known_study, tmp_path):
    with pytest.raises(BadInput, match=r"unknown labels.*7"):
        regions_of(np.array([0, 7]), "x.nii.gz")
    case = known_case("g", lambda labels: labels[:-1])
    with pytest.raises(BadInput, match="not on the grid"):
        read_reference(find_mask(case), known_study.grid)


def test_cases_are_found_by_name_or_by_its_end(tmp_path):
    for name in ("BraTS2021_01485", "BraTS2021_11485", "BraTS2021_01484", "notes"):
        (tmp_path / name).mkdir()
    for name in ("BraTS2021_01485", "BraTS2021_01484"):
        (tmp_path / name / f"{name}_seg.nii.gz").touch()
        (tmp_path / name / "brainmask.nii.gz").touch()

    def names(*wanted):
        return [path.name for path in find_cases(tmp_path, wanted)]

    assert names("01485", "BraTS2021_11485") == ["BraTS2021_01485", "BraTS2021_11485"]
    assert names() == ["BraTS2021_01484", "BraTS2021_01485"]
    with pytest.raises(BadInput, match="485"):
        names("485")
    with pytest.raises(BadInput, match="not a folder"):
        find_cases(tmp_path / "none")
    assert find_mask(tmp_path / "BraTS2021_01485").name == "BraTS2021_01485_seg.nii.gz"
    with pytest.raises(BadInput, match="one reference mask"):
        find_mask(tmp_path / "notes")


def test_a_case_that_cannot_be_scored_is_put_down_and_the_others_go_on(
    known_case, known_bundle, monkeypatch
):
    good, bad, last = known_case("a"), known_case("b", lambda labels: labels[:-1]), known_case("c")
    with pytest.raises(BadInput, match="not on the grid"):
        evaluate(known_bundle, [good, bad], "cpu")
    done = evaluate(known_bundle, [good, bad, last], "cpu", go_on=True)
    assert [case.case for case in done.cases] == ["a", "c"]
    assert done.complete
    assert done.means()["WT"]["dice"] == 1.0
    (failed,) = done.as_json()["failed"]
    assert failed["case"] == "b"
    assert "not on the grid" in failed["why"]
    assert "failed" not in evaluate(known_bundle, [good], "cpu", go_on=True).as_json()

    monkeypatch.setattr(FolderCase, "read", lambda _: (_ for _ in ()).throw(RuntimeError("torn")))
    (ours,) = evaluate(known_bundle, [good], "cpu", go_on=True).failed
    assert (ours.failure.kind, ours.case) == ("internal", "a")
    assert "torn" in ours.failure.sentence()


def test_a_segmentation_that_fails_is_put_down_and_the_others_go_on(known_case, known_bundle):
    cases = [known_case("a"), known_case("b"), known_case("c")]
    known_bundle.net.fault = RuntimeError("an engine stalls")
    known_bundle.net.calls = 0  # the third call is in the first case
    with pytest.raises(SegmentationError, match="an engine stalls"):
        evaluate(known_bundle, cases, "cpu")
    known_bundle.net.calls = 0
    done = evaluate(known_bundle, cases, "cpu", go_on=True)
    assert [each.case for each in done.failed] == ["a"]
    assert [case.case for case in done.cases] == ["b", "c"]


def test_what_fails_with_one_subset_is_left_out_of_all(known_case, known_bundle, tmp_path):
    whole, lacking = known_case("a"), known_case("b", leave_out=("t1",))
    same_name = shutil.copytree(whole, tmp_path / "elsewhere" / "b")
    subsets = (("flair", "t1ce", "t2"), ("flair", "t1ce", "t2", "t1"))
    seen = []
    done = evaluate_subsets(
        known_bundle,
        [lacking, whole, same_name],
        subsets,
        "cpu",
        go_on=True,
        progress=lambda subset, case, _: seen.append((subset, case)),
    )
    for each in done.evaluations.values():
        assert [case.case for case in each.cases] == ["a", "b"]
        assert [one.case for one in each.failed] == ["b"]
    assert [one.number for one in done.failed] == [0]
    assert {entry["n"] for entry in done.metrics().values()} == {2}
    assert set(seen) == {(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)}
    third = evaluate_subsets(known_bundle, [lacking, whole], [*subsets, ()], "cpu", go_on=True)
    assert [case.case for case in third.evaluations[""].cases] == ["a"]
    none = evaluate_subsets(known_bundle, [lacking], subsets, "cpu", go_on=True)
    assert none.metrics() == {}
    assert none.fullest.means() == {}
