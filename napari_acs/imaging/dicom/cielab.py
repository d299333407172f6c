"""Colours as DICOM recommends them for display: CIELab in 16 bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_acs.imaging.labels.segments import hex_colour

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = _TO_XYZ.sum(axis=1)
_EDGE = 6 / 29


def to_cielab(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return L, a and b, 0 to 65535, of an sRGB colour of parts from 0 to 255."""
    part = np.array(rgb) / 255
    linear = np.where(part > 0.04045, ((part + 0.055) / 1.055) ** 2.4, part / 12.92)
    ratio = _TO_XYZ @ linear / _WHITE
    x, y, z = np.where(ratio > _EDGE**3, np.cbrt(ratio), ratio / (3 * _EDGE**2) + 4 / 29)
    lab = (116 * y - 16, 500 * (x - y), 200 * (y - z))
    scaled = (lab[0] / 100 * 65535, (lab[1] + 128) / 255 * 65535, (lab[2] + 128) / 255 * 65535)
    lightness, a, b = (int(np.clip(round(value), 0, 65535)) for value in scaled)
    return lightness, a, b


def from_cielab(value: Sequence[int]) -> str:
    """Return ``#rrggbb`` of a RecommendedDisplayCIELabValue."""
    lightness, a, b = (part / 65535 for part in value)
    y = (100 * lightness + 16) / 116
    terms = np.array([y + (255 * a - 128) / 500, y, y - (255 * b - 128) / 200])
    ratio = np.where(terms > _EDGE, terms**3, 3 * _EDGE**2 * (terms - 4 / 29))
    linear = np.clip(np.linalg.solve(_TO_XYZ, ratio * _WHITE), 0, 1)
    part = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    return hex_colour(*part.tolist())
