"""The explanation of a real classification: on the study's grid, never raising."""

from dataclasses import replace

import numpy as np
import pytest

from napari_acs.imaging import Study, Volume, sample_mask, sample_study
from napari_acs.imaging.grid import Grid
from napari_acs.imaging.modelspace import labels_on, maps_on
from napari_acs.inference import Classified, Failure, Progress, run_classifier
from napari_acs.inference.explain.job import Explained, explain, labels_in
from napari_acs.models import load_classifier


@pytest.fixture(scope="module")
def study():
    return sample_study()


@pytest.fixture(scope="module")
def mask():
    return sample_mask()


@pytest.fixture(scope="module")
def bundle():
    return load_classifier("demo-enhancing-acs-mobilenetv2")


@pytest.fixture(scope="module")
def explained(study, bundle, mask):
    *before, end = explain(study, bundle, mask, device="cpu")
    assert all(isinstance(message, Progress) for message in before)
    fractions = [message.fraction for message in before]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    return end


def test_it_explains_what_the_classifier_said(study, bundle, mask, explained):
    assert isinstance(explained, Explained), explained
    *_, said = run_classifier(study, bundle, mask, device="cpu")
    assert isinstance(said, Classified)
    probabilities = dict(said.classification.probabilities)
    assert explained.target == max(probabilities, key=probabilities.get)
    for row in explained.occlusions:
        for name, p in row.probabilities.items():
            assert p - row.change[name] == pytest.approx(probabilities[name], abs=1e-4)
    assert explained.provenance["explanation"]["target"] == explained.target
    assert explained.provenance["model"] == said.classification.provenance["model"]


def test_the_map_lies_on_the_study_and_in_the_brain(study, explained):
    cam = explained.cam
    assert cam.shape == study.grid.shape
    assert cam.dtype == np.float32
    assert not cam.flags.writeable
    assert cam.min() >= 0
    assert 0.5 < cam.max() <= 1
    box = explained.provenance["box"]
    volume = np.prod(box["size_zyx"]) * np.prod(box["spacing_mm"])
    seen = np.count_nonzero(cam) * np.prod(study.grid.spacing)
    assert seen < 1.2 * volume, "nothing lies beyond what the network saw"
    assert explained.provenance["explanation"]["layer_spacing_mm"] == [10, 10, 10]


def test_the_enhancing_tumour_matters_to_the_demo(explained):
    rows = {row.key: row for row in explained.occlusions}
    assert list(rows) == ["ET", "TC", "ED", "WT", "t1", "t1ce", "t2", "flair"]
    assert rows["TC"].change["enhancing"] < -0.05, "that is what it was trained to see"
    assert abs(rows["ED"].change["enhancing"]) < abs(rows["TC"].change["enhancing"])


def test_another_class_can_be_asked_about(study, bundle, mask, explained):
    other = next(c.name for c in bundle.spec.classes if c.name != explained.target)
    *_, end = explain(study, bundle, mask, target=other, method="gradcam", device="cpu")
    assert end.target == other
    assert not np.array_equal(end.cam, explained.cam)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda study, mask: (study, None), "needs a mask"),
        (lambda study, mask: (study, replace(mask, array=mask.array * 0)), "empty"),
        (
            lambda study, mask: (study, replace(mask, grid=replace(mask.grid, origin=(99, 0, 0)))),
            "not on the grid",
        ),
        (
            lambda study, mask: (
                Study("s", {k: v for k, v in study.sequences.items() if k != "t1ce"}),
                mask,
            ),
            "t1ce",
        ),
    ],
)
def test_bad_input_is_a_sentence(study, bundle, mask, change, said):
    study, mask = change(study, mask)
    *_, end = explain(study, bundle, mask, device="cpu")
    assert isinstance(end, Failure)
    assert said in end.sentence()


def test_an_unknown_class_is_a_sentence(study, bundle, mask):
    (end,) = explain(study, bundle, mask, target="MGMT")
    assert isinstance(end, Failure)
    assert "MGMT" in end.what


@pytest.mark.parametrize("after", [0, 1, 3])
def test_cancel_lands_between_stages(study, bundle, mask, after):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > after

    *_, end = explain(study, bundle, mask, device="cpu", cancelled=cancelled)
    assert isinstance(end, Failure)
    assert end.kind == "cancelled"


def test_labels_fill_what_the_mask_channel_fills():
    """Of voxels that three labels share, none may have more than the background."""
    rng = np.random.default_rng(0)
    array = np.zeros((24, 24, 24), np.uint8)
    array[4:20, 4:20, 4:20] = rng.integers(0, 4, (16, 16, 16))
    fine = Grid((24, 24, 24), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    coarse = Grid((9, 9, 9), (2.7, 2.7, 2.7), (0, 0, 0), fine.direction)
    shared = Volume(array, fine)
    labels = labels_in(shared, coarse)
    whole = labels_on(Volume((array > 0).astype(np.uint8), fine), coarse)
    np.testing.assert_array_equal(labels > 0, whole > 0)
    assert np.count_nonzero(labels_on(shared, coarse)) < np.count_nonzero(labels)


def test_a_marked_voxel_comes_back_where_it_was():
    angle = np.deg2rad(20)
    turn = (np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1)
    target = Grid((40, 44, 20), (1.0, 0.9, 3.0), (-20, 10, 5), turn)
    point = target.index_to_point([(22, 19, 9)])[0]
    source = Grid((24, 24, 24), (2, 2, 2), tuple(point - 24), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    marked = np.zeros((1, 24, 24, 24), np.float32)
    x, y, z = np.rint(source.point_to_index([point])[0]).astype(int)
    marked[0, z, y, x] = 1
    there = maps_on(marked, source, target)[0]
    assert np.unravel_index(there.argmax(), there.shape) == (9, 19, 22)
    assert there.max() == pytest.approx(1, abs=0.01)
