"""A brain whose outline is not the others': another patient's, or moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from imaging.check.sabotage import check, sound, with_array
from scipy import ndimage

from napari_acs.imaging.step import Step


def _wider(volume):
    """Give the brain another shape, as another patient's has: wider, and shorter."""
    centre = (np.array(volume.array.shape) - 1) / 2
    scale = np.diag([1.0, 1.06, 0.94])
    array = ndimage.affine_transform(
        volume.array.astype(np.float32), scale, centre - scale @ centre, order=1
    )
    return with_array(volume, array)


def test_a_brain_of_another_outline_is_said():
    s = sound()
    line = check({**s, "t1ce": _wider(s["t1ce"])})["grids"]
    assert line.status == "amber"
    assert "T1ce does not have the outline of the others" in line.found
    assert "another patient" in line.title
    two = check({"t1": s["t1"], "flair": _wider(s["flair"])}, None)["grids"]
    assert "T1 and FLAIR do not have one outline" in two.found
    moved = with_array(s["t2"], np.roll(s["t2"].array, 5, axis=1))
    assert "T2" in check({**s, "t2": moved})["grids"].found


def test_a_registered_sequence_is_not_judged_by_its_outline():
    s = sound()
    step = Step("registered", "rigid", "good", "the edges fit")
    wider = replace(_wider(s["t2"]), history=(step,))
    assert check({**s, "t2": wider})["grids"].status == "green"
