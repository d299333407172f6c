"""What is too small is given up: against scikit-image, and through the whole job."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from napari_acs.inference import Failure, Result, run
from napari_acs.inference.cleaning import clean
from napari_acs.inference.regions import region_masks
from napari_acs.models.spec import GLIOMA_OUTPUT

VOXEL_ML = 0.0011
sizes = st.sampled_from([0.0, 1.0, 2.0, 4.0, 9.0])  # voxels


def regions(**limits):
    """Return WT, TC and ET with (minimum_ml, smallest_part_ml) by name."""
    changed = {
        name: {"minimum_ml": whole, "smallest_part_ml": part}
        for name, (whole, part) in limits.items()
    }
    return tuple(
        region.model_copy(update=changed.get(region.name, {})) for region in GLIOMA_OUTPUT.regions
    )


def by_definition(labels, asked):
    """Give up region after region, part after part, by scikit-image."""
    masks = region_masks(labels, asked)
    outer = np.ones(labels.shape, bool)
    cleaned = np.zeros_like(labels)
    for region in asked:
        mask = masks[region.name] & outer
        for part in regionprops(label(mask, connectivity=3)):
            if part.num_pixels * VOXEL_ML < region.smallest_part_ml * (1 - 1e-9):
                mask[tuple(part.coords.T)] = False
        if mask.sum() * VOXEL_ML < region.minimum_ml * (1 - 1e-9):
            mask[:] = False
        cleaned[mask] = region.label
        outer = mask
    return cleaned


@given(
    seed=st.integers(0, 2**20),
    share=st.sampled_from([0.05, 0.15, 0.5]),
    limits=st.tuples(*[st.tuples(sizes, sizes)] * 3),
)
def test_what_is_given_up_is_what_the_definition_says(seed, share, limits):
    random = np.random.default_rng(seed)
    labels = random.choice([0, 1, 2, 3], (5, 6, 7), p=[1 - share, *[share / 3] * 3]).astype(
        np.uint8
    )
    names = ("WT", "TC", "ET")
    asked = regions(
        **{n: (w * VOXEL_ML, p * VOXEL_ML) for n, (w, p) in zip(names, limits, strict=True)}
    )
    before = labels.copy()
    cleaned = clean(labels, asked, VOXEL_ML)
    np.testing.assert_array_equal(cleaned.labels, by_definition(before, asked))
    np.testing.assert_array_equal(labels, before)
    again = clean(cleaned.labels, asked, VOXEL_ML)
    assert again.labels is cleaned.labels
    assert not again.given_up
    # what is told of the outermost region adds up to what went
    gone = sum(each.volume_ml for each in cleaned.given_up if each.region == "WT")
    assert gone == pytest.approx(VOXEL_ML * ((before > 0).sum() - (cleaned.labels > 0).sum()))


def _specks():
    labels = np.zeros((8, 8, 30), np.uint8)
    labels[:6, :6, :6] = 2
    labels[1:4, 1:4, 1:4] = 1
    labels[2, 2, 2] = 3
    labels[0, 0, 12:14] = 2
    labels[0, 0, 20] = 3
    return labels


def test_the_sentences_say_what_it_was_and_what_became_of_it():
    asked = regions(WT=(0, 0.005), ET=(0.05, 0))
    said = [each.sentence(GLIOMA_OUTPUT.labels) for each in clean(_specks(), asked, 0.001).given_up]
    assert said == [
        "2 parts of WT, 0.003 ml together and each under the model's 0.005 ml, were left out.",
        "ET of 0.001 ml, under the model's 0.05 ml, was taken as necrotic and non-enhancing core.",
    ]


def _end(study, bundle, **limits):
    output = bundle.spec.output.model_copy(update={"regions": regions(**limits)})
    bundle.spec = bundle.spec.model_copy(update={"output": output})
    return list(run(study, bundle, device="cpu"))[-1]


def test_a_result_says_what_was_given_up_and_keeps_the_rest(
    known_study, known_bundle, expected_labels
):
    end = _end(known_study, known_bundle, ET=(0.2, 0))
    assert isinstance(end, Result)
    made = end.segmentation
    np.testing.assert_array_equal(made.labels, np.where(expected_labels == 3, 1, expected_labels))
    assert any(note.startswith("ET of 0.09 ml, under the model's 0.2 ml") for note in end.notes)
    assert made.provenance["cleaning"] == {
        "limits": {"ET": {"minimum_ml": 0.2, "smallest_part_ml": 0.0}},
        "given_up": [{"region": "ET", "label": 1, "volume_ml": 0.093, "parts": 0, "limit_ml": 0.2}],
    }
    assert made.volumes_ml["ET"] == 0
    at = made.probabilities.labels_in_box(made.regions)
    np.testing.assert_array_equal(made.probabilities.spread(at), made.labels)


def test_nothing_is_left_in_silence(known_study, known_bundle):
    end = _end(known_study, known_bundle, WT=(2.0, 0))
    assert isinstance(end, Failure)
    assert end.kind == "empty"
    assert "found: WT of 1.36 ml, under the model's 2 ml, was left out" in end.why
    assert end.nearest


def test_without_limits_nothing_is_said_and_nothing_done(known_study, known_bundle):
    end = _end(known_study, known_bundle)
    assert end.notes == ()
    assert "cleaning" not in end.segmentation.provenance
