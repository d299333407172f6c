"""What tests of the confidence panel ask of it, and a mask as a job leaves it."""

# ruff: noqa: PLC0415
from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel
from superqt import QLabeledDoubleSlider
from widgets.fakes import GRID

from napari_acs.imaging import from_lps


def mask_layer(made, name="case"):
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import labels_layer

    info = LayerInfo(made.grid, None, name, provenance=made.provenance, prediction=made.labels)
    return Layer.create(*labels_layer(made.labels, info, f"segmentation {name}"))


def slider(panel, region: str) -> QLabeledDoubleSlider:
    return panel.findChild(QLabeledDoubleSlider, f"threshold_{region}")


def at_sliders(panel) -> dict[str, float]:
    return {name: slider(panel, name).value() for name in ("WT", "TC", "ET")}


def stored(layer) -> np.ndarray:
    return from_lps(layer.data, GRID)


def note(panel) -> str:
    return panel.findChild(QLabel, "confidence_note").text()


def drag(panel, region: str, *values: float) -> None:
    """Move a slider as the mouse does: pressed, moved, let go."""
    moved = slider(panel, region)
    moved.setSliderDown(True)
    for value in values:
        moved.setSliderPosition(value)
    moved.setSliderDown(False)
