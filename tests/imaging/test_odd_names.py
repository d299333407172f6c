"""Names of files that are no UTF-8, as old disks and other machines leave them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, Volume, read_volume, save_labels
from napari_acs.imaging.anonymous import write_anonymous

GRID = Grid((6, 5, 4), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1))
LATIN = os.fsdecode(b"M\xfcller")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")


def image_in(folder: Path) -> Path:
    path = folder / "t1.nii.gz"
    sitk.WriteImage(sitk.GetImageFromArray(np.ones(GRID.shape, np.int16)), str(path))
    return path


def test_a_name_in_another_encoding_is_refused_and_does_not_end_the_process(tmp_path):
    """SimpleITK aborted, and napari with it."""
    good = image_in(tmp_path)
    folder = tmp_path / LATIN
    folder.mkdir()
    good.rename(folder / "t1.nii.gz")
    with pytest.raises(BadInput, match=r"not in UTF-8") as refusal:
        read_volume(folder / "t1.nii.gz")
    assert "Rename the file or folder" in refusal.value.sentence()
    for name in ("mask.nii.gz", "mask.nrrd", "mask.mha"):
        with pytest.raises(BadInput, match=r"not in UTF-8"):
            save_labels(folder / name, np.ones(GRID.shape, np.uint8), GRID)
    with pytest.raises(BadInput, match=r"not in UTF-8"):
        write_anonymous(folder / "out.nii.gz", Volume(np.ones(GRID.shape, np.int16), GRID))
    assert [file.name for file in folder.iterdir()] == ["t1.nii.gz"]


def test_letters_beyond_ascii_are_read_where_no_language_is_set(tmp_path):
    """``LANG=C``, as on clusters and in services."""
    folder = tmp_path / "Müller 雪"
    folder.mkdir()
    image_in(folder)
    code = (
        "import sys; from pathlib import Path; from napari_acs.imaging import read_volume\n"
        "assert sys.getfilesystemencoding() != 'utf-8'\n"
        "print(read_volume(next(Path(sys.argv[1]).rglob('t1.nii.gz'))).grid.size)"
    )
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, **bare, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == str(GRID.size)
