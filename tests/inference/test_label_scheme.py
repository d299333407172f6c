"""What labels mean by their names: read wrong, a network would learn oedema as core."""

import numpy as np
import pytest

from napari_acs.errors import BadInput
from napari_acs.inference.label_scheme import (
    BRATS_2023,
    scheme_of_file_name,
    scheme_of_names,
    tissue_of,
)


@pytest.mark.parametrize(
    ("tissue", "names"),
    [
        ("ED", ("edema", "Peritumoral edema", "peritumoural oedema", "ED", "SNFH",
                "surrounding non-enhancing FLAIR hyperintensity", "edematous tissue")),
        ("NCR", ("necrosis", "NCR/NET", "non-enhancing tumor", "nonenhancing tumour core",
                 "necrotic and non-enhancing tumor core", "non enhancing solid", "NETC")),
        ("ET", ("enhancing tumor", "GD-enhancing tumour", "Enhancing", "ET", "enhancing_tumor")),
        ("WT", ("whole tumor", "Whole Tumour", "wt")),
        ("TC", ("tumor core", "tumour_core", "TC")),
        ("RC", ("resection cavity", "RC")),
        ("background", ("background", "Background")),
        (None, ("tumor", "lesion", "1", "label 2", "enhancing tumor and edema", "GTV", "cyst",
                "necrotic enhancing tumor")),
    ],
)  # fmt: skip
def test_names_of_tissues(tissue, names):
    assert {name: tissue_of(name) for name in names} == dict.fromkeys(names, tissue)


@pytest.mark.parametrize(
    ("labels", "core", "enhancing"),
    [
        ({"background": 0, "edema": 1, "non-enhancing tumor": 2, "ET": 3}, {2, 3}, {3}),
        ({"NCR": 1, "ED": 2, "ET": 4}, {1, 4}, {4}),
        ({"ET": 1, "NCR": 2, "ED": 3}, {1, 2}, {1}),
        ({"whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": 3}, {2, 3}, {3}),
        ({"whole tumor": 1, "tumor core": 2, "enhancing tumor": 3}, {2, 3}, {3}),
        ({"necrosis": 1, "edema": 2, "non-enhancing": 3, "enhancing": 4}, {1, 3, 4}, {4}),
    ],
)  # fmt: skip
def test_regions_by_names(labels, core, enhancing):
    scheme = scheme_of_names(labels, "dataset.json")
    assert (scheme.core, scheme.enhancing) == (core, enhancing)
    values = {v for vs in labels.values() for v in (vs if isinstance(vs, list) else [vs])} - {0}
    assert scheme.whole == values
    masks = scheme.regions(np.arange(5)[np.isin(np.arange(5), [0, *values])], "x")
    assert masks["WT"].sum() == len(values)
    with pytest.raises(BadInput, match=r"unknown labels.*9"):
        scheme.regions(np.array([0, 9]), "x")


def test_the_cavity_of_treated_patients_is_no_tumour():
    assert scheme_of_file_name("BraTS-GLI-02060-100") is BRATS_2023
    assert scheme_of_file_name("BraTS-MET-00001-000-seg.nii.gz") is BRATS_2023
    assert scheme_of_file_name("BraTS2021_00001_seg.nii.gz") is None
    masks = BRATS_2023.regions(np.arange(5), "x")
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {
        "WT": [1, 2, 3], "TC": [1, 3], "ET": [3],
    }  # fmt: skip
    with pytest.raises(BadInput, match=r"PED.*2024"):
        scheme_of_file_name("BraTS-PED-00001-000")
