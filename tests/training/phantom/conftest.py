"""A coarse atlas, made once a session from the template that nilearn carries."""

from __future__ import annotations

import pytest

from napari_acs.training.phantom import load_atlas, prepare_atlas


@pytest.fixture(scope="session")
def atlas_path(tmp_path_factory):
    pytest.importorskip("nilearn", reason="the MNI152 template comes with nilearn")
    return prepare_atlas(tmp_path_factory.mktemp("atlas") / "atlas.npz", 3.0)


@pytest.fixture(scope="session")
def atlas(atlas_path):
    return load_atlas(atlas_path)
