"""The study that ships with the package: a digital phantom, never a patient."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from napari_acs.imaging.names import SEQUENCES
from napari_acs.imaging.open import read_study
from napari_acs.imaging.read import read_labels
from napari_acs.imaging.study import Study
from napari_acs.imaging.volume import Volume

SAMPLE_NAME = "Digital phantom (not a patient)"
"""What the sample study is called wherever it shows."""


def sample_folder() -> Path:
    """Return the folder of the sample study in the installed package."""
    return Path(str(files("napari_acs") / "sample"))


def sample_study() -> Study:
    """Return the sample study: T1, T1ce, T2 and FLAIR of a digital phantom of a glioma.

    Returns
    -------
    Study
        Named `SAMPLE_NAME`; 1 mm voxels, skull-stripped, arbitrary units, 0 outside the brain.

    Raises
    ------
    BadInput
        The installed package is damaged.
    """
    folder = sample_folder()
    paths = {key: folder / f"phantom_{key}.nii.gz" for key in SEQUENCES}
    return read_study(paths, SAMPLE_NAME)


def sample_mask() -> Volume:
    """Return the true tumour mask of `sample_study`, on its grid.

    Returns
    -------
    Volume
        uint8: 0 none, 1 necrotic or non-enhancing core, 2 oedema, 3 enhancing tumour.

    Raises
    ------
    BadInput
        The installed package is damaged.
    """
    return read_labels(sample_folder() / "phantom_mask.nii.gz")
