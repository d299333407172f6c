"""The shipped models are as small as they are said to be."""

from __future__ import annotations

import pytest

from napari_acs.models import load_bundle
from napari_acs.models.bundle import load_classifier

MB = 1_000_000
LIMITS = {
    "glioma-unet-acs-mobilenetv2": 12 * MB,
    "glioma-unet-acs-ensemble": 40 * MB,
    "sequence-acs-mobilenetv2": 6 * MB,
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_shipped_model_is_no_larger_than_it_may_be(name):
    bundle = load_classifier(name) if name.startswith("sequence") else load_bundle(name)
    on_disk = sum(file.stat().st_size for file in bundle.path.rglob("*") if file.is_file())
    assert bundle.spec.weights.size_bytes < on_disk < LIMITS[name]
