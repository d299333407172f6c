"""What napari remembers about readers is set and taken back as the user says, and no more."""

from __future__ import annotations

import pytest
from napari.plugins.utils import get_preferred_reader
from napari.settings import get_settings

from napari_acs.widgets.reader_choice import is_preferred, prefer


@pytest.fixture(autouse=True)
def _choices():
    plugins = get_settings().plugins
    before = plugins.extension2reader
    plugins.extension2reader = {"*.tif": "other", "*.nrrd": "other"}
    yield
    plugins.extension2reader = before


def test_napari_then_opens_mri_files_and_folders_with_us(tmp_path):
    assert not is_preferred()
    assert get_preferred_reader(str(tmp_path)) is None
    prefer(True)
    assert is_preferred()
    for name in ("a.nii", "a_t1.nii.gz", "a.nrrd", "a.mha", "a.mhd", ""):
        assert get_preferred_reader(str(tmp_path / name)) == "napari-acs", name
    assert get_preferred_reader(str(tmp_path / "a.tif")) == "other"


def test_taking_it_back_leaves_other_choices_alone():
    prefer(True)
    get_settings().plugins.extension2reader |= {"*.mha": "other", "*.zarr": "napari-acs"}
    prefer(False)
    assert not is_preferred()
    kept = {"*.tif": "other", "*.mha": "other", "*.zarr": "napari-acs"}
    assert get_settings().plugins.extension2reader == kept
