from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from imaging.geometries import to_image
from imaging.moved import coarse_phantom, error_mm, head_of, middle, placed, rigid, through
from scipy.ndimage import distance_transform_edt

import napari_acs
import napari_acs.imaging.registration.register as module
from napari_acs.errors import BadInput
from napari_acs.imaging import Volume, is_skull_stripped
from napari_acs.imaging.cancel import Cancelled
from napari_acs.imaging.registration.likeness import Likeness, level
from napari_acs.imaging.registration.register import register
from napari_acs.imaging.registration.rigid import shift
from napari_acs.imaging.registration.verdict import Evidence, judge


@pytest.fixture(scope="module")
def phantom():
    return coarse_phantom()


@pytest.fixture(scope="module")
def moved(phantom):
    """A T2 that lies elsewhere, the truth, and how it was registered to the T1."""
    fixed = phantom["t1"]
    truth = rigid(middle(fixed), (12.0, -7.0, 9.0), (18.0, -6.0, 4.0))
    moving = placed(phantom["t2"], truth)
    return fixed, moving, truth, register(fixed, moving)


def test_a_known_move_is_found_again(moved):
    fixed, _, truth, found = moved
    assert error_mm(found.matrix, truth, head_of(fixed)) < 1.0
    assert found.verdict == "good"
    assert found.metric_after > 2 * found.metric_before
    assert found.turned_deg == pytest.approx(19.4, abs=1.0)
    seen, centre = found.evidence, head_of(fixed).mean(axis=0)
    apart = np.linalg.norm(through(centre, truth) - centre)
    assert found.moved_mm == pytest.approx(apart, abs=1.5)
    assert 0.2 < seen.flatness < 0.6
    assert 0 < seen.consistency_mm < 1.0
    assert seen.overlap > 0.98
    assert seen.dice > 0.95
    assert not found.kept


def test_the_matrix_takes_points_of_fixed_to_the_same_voxel_in_moving(moved):
    """Against voxels, not matrices: the two arrays are index for index the same head."""
    fixed, moving, _, found = moved
    index = np.argwhere(fixed.array > 0)[::50, ::-1]
    there = moving.grid.point_to_index(through(fixed.grid.index_to_point(index), found.matrix))
    assert np.abs(there - index).max() < 1.5
    back = np.linalg.inv(found.matrix)
    wrong = moving.grid.point_to_index(through(fixed.grid.index_to_point(index), back))
    assert np.abs(wrong - index).max() > 10


def test_every_run_gives_the_same(moved):
    fixed, moving, _, found = moved
    again = register(fixed, moving)
    assert np.array_equal(again.matrix, found.matrix)
    assert again.evidence == found.evidence


@pytest.mark.parametrize("name", ["t1ce", "flair"])
def test_co_registered_images_come_out_with_the_identity_exactly(phantom, name):
    found = register(phantom["t1"], phantom[name])
    assert found.kept
    assert np.array_equal(found.matrix, np.eye(4))
    assert found.metric_after == found.metric_before
    assert found.verdict == "good"
    assert (found.moved_mm, found.turned_deg) == (0, 0)


def test_a_mirrored_head_is_not_called_good(phantom):
    flair = phantom["flair"]
    mirrored = replace(flair, array=np.ascontiguousarray(flair.array[..., ::-1]))
    found = register(phantom["t1"], mirrored)
    assert found.verdict == "failed"
    assert "left and right" in found.why


def test_noise_is_not_called_good(phantom):
    noise = np.random.default_rng(0).normal(100, 10, phantom["t1"].array.shape)
    found = register(phantom["t1"], Volume(noise.astype(np.float32), phantom["t1"].grid))
    assert found.verdict == "failed"


def with_skull(volume):
    """Draw a dark skull and a bright scalp round a stripped brain, and noise in the air."""
    brain = volume.array > 0
    far = distance_transform_edt(~brain, volume.grid.spacing[::-1])
    bright = np.percentile(volume.array[brain], 90)
    head = np.select([brain, far < 7, far < 14], [volume.array, 0.1 * bright, 1.2 * bright], 0)
    air = np.abs(np.random.default_rng(0).normal(0, 0.02 * bright, head.shape))
    return replace(volume, array=(head + air).astype(np.float32))


def test_a_brain_and_a_head_find_each_other_whichever_is_fixed(phantom):
    """The brain alone is compared, and points are drawn from it: the matrix is turned round."""
    head = with_skull(phantom["t1"])
    assert not is_skull_stripped(head.array)
    truth = rigid(middle(head), (9.0, -6.0, 7.0), (0.0, 9.0, -5.0))
    brain = placed(phantom["t1ce"], truth)
    found = register(head, brain)
    assert error_mm(found.matrix, truth, head_of(phantom["t1"])) < 1.0
    assert found.verdict == "good"
    # One way only: the scalp has nothing to be laid on.
    assert found.evidence.consistency_mm is None
    back = register(brain, head)
    assert error_mm(back.matrix @ truth, np.eye(4), head_of(phantom["t1"])) < 1.0


def test_of_a_head_and_a_brain_only_the_brain_is_compared(phantom, monkeypatch):
    seen = []
    monkeypatch.setattr(module, "search", lambda pairs, *_: seen.append(pairs))
    head, brain = with_skull(phantom["t1"]), phantom["t1ce"]
    for pair in ((head, brain), (brain, head)):
        assert register(*pair).verdict == "failed"  # the search found nothing
        compared = seen.pop()[-1][0]
        assert np.array_equal(compared.head, brain.array > 0)
        assert np.array_equal(sitk.GetArrayFromImage(compared.rim) > 0, compared.head)


@pytest.mark.parametrize(
    ("mm", "gain", "better"),
    [(3.0, 1.01, False), (3.0, 1.03, True), (0.4, 2.0, False), (3.0, 0.9, False)],
)
def test_headers_are_doubted_only_for_a_real_gain_and_a_real_move(
    phantom, monkeypatch, mm, gain, better
):
    small = level(to_image(phantom["t1"].array.astype(np.float32), phantom["t1"].grid), 8.0)

    def compare(fixed, moving, matrix):
        return Likeness(0.1 if np.array_equal(matrix, np.eye(4)) else 0.1 * gain, 1.0, 1.0)

    monkeypatch.setattr(module, "compare", compare)
    assert module._is_better([(small, small)], shift((mm, 0.0, 0.0))) is better


def test_a_good_likeness_on_a_sliver_of_the_head_scores_less():
    assert Likeness(0.2, 1.0, 1.0).score == Likeness(0.2, 0.6, 1.0).score == 0.2
    assert Likeness(0.3, 0.3, 1.0).score == pytest.approx(0.15)


def test_nothing_that_is_shown_comes_from_an_image_that_is_gone():
    """SimpleITK's array views do not keep their image alive: never of a temporary."""
    for file in Path(napari_acs.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ".GetArrayViewFromImage"
            ):
                assert isinstance(node.args[0], ast.Name | ast.Attribute), file


def test_headers_a_metre_apart_do_not_end_the_job_but_ask_for_a_look(phantom):
    fixed = phantom["t1"]
    far = rigid(middle(fixed), (1000.0, 0.0, 0.0))
    found = register(fixed, placed(phantom["t2"], far))
    assert error_mm(found.matrix, far, head_of(fixed)) < 1.0
    assert found.verdict == "look"


def test_a_sliver_of_the_head_is_not_called_good(phantom):
    fixed = phantom["t1"]
    stack = phantom["t2"]
    box = (slice(40, 47), slice(0, stack.array.shape[1]), slice(0, stack.array.shape[2]))
    thin = Volume(stack.array[box], stack.grid.crop(box))
    assert register(fixed, thin).verdict != "good"


@pytest.mark.parametrize(
    "array",
    [np.full((9, 9, 9), 7.0), np.full((9, 9, 9), np.nan), np.arange(200.0).reshape(2, 10, 10)],
    ids=["constant", "nan", "two slices"],
)
def test_what_is_no_image_is_refused(phantom, array):
    bad = Volume(array, replace(phantom["t1"].grid, size=array.shape[::-1]))
    for pair in ((bad, phantom["t1"]), (phantom["t1"], bad)):
        with pytest.raises(BadInput, match="cannot be registered"):
            register(*pair)


@pytest.mark.parametrize("after", [1, 20, 300])
def test_cancel_ends_within_a_step(phantom, after):
    asked = 0

    def cancelled():
        nonlocal asked
        asked += 1
        return asked >= after

    with pytest.raises(Cancelled):
        register(phantom["t1"], phantom["t2"], cancelled=cancelled)
    assert asked <= after + 1


def test_progress_runs_from_0_to_1(phantom):
    seen = []
    register(phantom["t1"], phantom["flair"], progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_the_step_is_ready_for_json_and_holds_the_matrix(moved):
    *_, found = moved
    step = found.step()
    record = json.loads(json.dumps(step.record()))
    assert record["step"] == "registered"
    assert record["verdict"] == "good"
    assert np.array_equal(record["matrix"], found.matrix)
    assert record["evidence"]["overlap"] == found.evidence.overlap
    with pytest.raises(ValueError, match="read-only"):
        found.matrix[0, 0] = 2


SOUND = Evidence(0.2, 0.7, 0.5, 1.0, 0.9, 0.5, 3.0, 4.0)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "good"),
        ({"consistency_mm": None}, "good"),
        ({"mirror_ratio": 0.90}, "look"),
        ({"mirror_ratio": 1.0}, "failed"),
        ({"mirror_ratio": 1.4}, "failed"),
        ({"flatness": 0.65}, "look"),
        ({"flatness": 0.8}, "failed"),
        ({"overlap": 0.6}, "look"),
        ({"overlap": 0.3}, "failed"),
        ({"consistency_mm": 5.0}, "look"),
        ({"moved_mm": 100.0}, "look"),
        ({"turned_deg": 50.0}, "look"),
        ({"nmi": 0.0}, "failed"),
    ],
)
def test_each_measure_can_spoil_the_verdict(change, verdict):
    said, why = judge(replace(SOUND, **change))
    assert said == verdict
    assert why.endswith(".")
