"""A mask that does not stand out in its images is doubted, in words that name it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import SHARED_DATA, needs_shared_data

from napari_acs.imaging import Grid, Study, Volume, read_study
from napari_acs.inference import evaluate
from napari_acs.inference.mask_contrast import doubt_of
from napari_acs.inference.reference import find_mask, read_reference

SHAPE = (24, 40, 44)
GRID = Grid(SHAPE[::-1], (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.fixture
def tumour():
    marked = np.zeros(SHAPE, bool)
    marked[8:15, 12:26, 8:18] = True
    return marked


@pytest.fixture
def study(tumour):
    """A head in air of 0; on FLAIR its tumour is bright, on T1 it is not."""
    head = np.zeros(SHAPE, bool)
    head[2:22, 4:36, 4:40] = True
    noise = np.random.default_rng(0).normal(100, 10, SHAPE)
    images = {"t1": noise, "flair": noise + 60 * tumour}
    shown = {key: np.where(head, array, 0).astype(np.float32) for key, array in images.items()}
    return Study("x", {key: Volume(array, GRID) for key, array in shown.items()})


def test_a_bright_tumour_is_not_doubted_and_its_mirror_image_is(study, tumour):
    assert doubt_of(study, tumour, "m") == ""
    said = doubt_of(study, tumour[:, :, ::-1], "x_seg.nii.gz")
    assert said.startswith("x_seg.nii.gz hardly stands out in FLAIR of its images")
    assert "left to right" in said


def test_what_cannot_be_told_is_not_said(study, tumour):
    turned = tumour[:, :, ::-1]
    t1 = replace(study, sequences={"t1": study.sequences["t1"]}, reference="")
    assert doubt_of(t1, turned, "m") == ""
    no_air = {key: Volume(v.array + 1, GRID) for key, v in study.sequences.items()}
    assert doubt_of(replace(study, sequences=no_air), turned, "m") == ""
    assert doubt_of(study, np.zeros(SHAPE, bool), "m") == ""
    assert doubt_of(study, np.ones(SHAPE, bool), "m") == "", "nothing is around it"


def test_one_of_the_two_is_enough(study, tumour):
    both = {**study.sequences, "t2": study.sequences["t1"]}
    assert doubt_of(replace(study, sequences=both), tumour, "m") == ""
    assert "FLAIR and T2" in doubt_of(replace(study, sequences=both), tumour[:, :, ::-1], "m")


def test_an_evaluation_bears_the_doubt(known_case, known_bundle):
    turned = known_case("turned", lambda labels: labels[:, :, ::-1])
    (case,) = evaluate(known_bundle, [turned], "cpu").cases
    whole, truth = read_study(turned), read_reference(find_mask(turned), read_study(turned).grid)
    assert case.doubt == doubt_of(whole, truth["WT"], "The mask of turned")


@needs_shared_data
@pytest.mark.parametrize("case", ["BraTS2021_01482", "BraTS2021_01480", "BraTS2021_01479"])
def test_real_masks_and_their_mirror_images(case):
    folder = SHARED_DATA / "brats2021" / case
    study = read_study(folder)
    truth = read_reference(find_mask(folder), study.grid)
    assert doubt_of(study, truth["WT"], "m") == ""
    assert doubt_of(study, truth["TC"], "m") == "", "of the core alone"
    assert doubt_of(study, truth["WT"][:, :, ::-1], "m")
