"""Readers who see no red or no green tell the regions apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.viewer.layers import GLIOMA_STYLES

OPACITY, GREYS = 0.55, (0.15, 0.4, 0.7)
SEEN = {  # Machado, Oliveira & Fernandes 2009, severity 1: of linear red, green and blue
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def as_seen(colour: str, grey: float, eye: str) -> np.ndarray:
    """CIE Lab of a mask on tissue."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    rgb = OPACITY * rgb + (1 - OPACITY) * grey
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(SEEN[eye]) @ linear, 0, 1)
    return rgb2lab(
        np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    )


@pytest.mark.parametrize("eye", SEEN)
def test_two_regions_never_look_alike(eye):
    colours = {style.color for style in GLIOMA_STYLES}
    for one, other in combinations(sorted(colours), 2):
        for grey in GREYS:
            apart = deltaE_ciede2000(as_seen(one, grey, eye), as_seen(other, grey, eye))
            assert apart > 10, (one, other, grey)  # 2 is just seen side by side; red and green: 3


def test_models_and_panels_have_the_same_colours():
    styles = {style.value: style.color for style in GLIOMA_STYLES}
    assert all(styles[each.value] == each.color for each in GLIOMA_OUTPUT.labels)
