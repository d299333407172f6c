"""Files in a process whose language writes decimals with a comma, as Qt sets it up."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from imaging.geometries import make_grid, noise, save

from napari_acs.imaging import itk_files, read_volume

SPACING = (1.2, 1.4, 6.5)
_SCRIPT = """
import locale, sys
from pathlib import Path
import numpy as np
from napari_acs.imaging import read_volume, save_labels
locale.setlocale(locale.LC_NUMERIC, "de_DE.UTF-8")
assert locale.localeconv()["decimal_point"] == ","
file = Path(sys.argv[1])
volume = read_volume(file)
print(*volume.grid.spacing)
locale.setlocale(locale.LC_NUMERIC, "de_DE.UTF-8")
mask = np.ones(volume.grid.shape, np.uint8)
save_labels(file.parent / ("mask" + sys.argv[2]), mask, volume.grid)
locale.setlocale(locale.LC_NUMERIC, "de_DE.UTF-8")
print(*read_volume(file.parent / ("mask" + sys.argv[2])).grid.spacing)
"""


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """Return the environment of a process that has the German locale, made here."""
    folder = tmp_path_factory.mktemp("locales")
    make = shutil.which("localedef")
    if make is None:
        pytest.skip("no localedef to make a locale with a comma")
    done = subprocess.run(
        [make, "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"],
        check=False,
        capture_output=True,
    )
    if done.returncode:
        pytest.skip(f"no locale with a comma: {done.stderr.decode(errors='replace')[-200:]}")
    return {**os.environ, "LOCPATH": str(folder)}


@pytest.mark.parametrize("suffix", [".nrrd", ".nhdr", ".mha", ".nii.gz"])
def test_geometry_is_read_and_saved_with_its_decimals(german, tmp_path, suffix):
    grid = make_grid(spacing=SPACING)
    file = save(tmp_path / f"t1{suffix}", noise(grid.shape), grid)
    into = ".seg.nrrd" if suffix == ".nhdr" else suffix
    said = subprocess.run(
        [sys.executable, "-c", _SCRIPT, file, into],
        check=False,
        env=german,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    for line in said.stdout.splitlines():
        assert [float(mm) for mm in line.split()] == pytest.approx(SPACING, rel=1e-6)
    assert len(said.stdout.splitlines()) == 2


def test_a_locale_with_a_comma_is_left_before_a_file_is_read(tmp_path, monkeypatch):
    file = save(tmp_path / "t1.nrrd", noise())
    asked = []
    monkeypatch.setattr(itk_files.locale, "localeconv", lambda: {"decimal_point": ","})
    monkeypatch.setattr(itk_files.locale, "setlocale", lambda *what: asked.append(what))
    read_volume(file)
    assert asked
    assert set(asked) == {(itk_files.locale.LC_NUMERIC, "C")}
