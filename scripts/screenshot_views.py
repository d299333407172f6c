"""Make the pictures of an oblique volume in the three planes: docs/images/views-*.png.

Needs the real cases (see tests/conftest.py). Look at the pictures before a commit; what may be
done with them is in docs/images/README.md.
"""

from __future__ import annotations

import os
from pathlib import Path

import napari
import numpy as np
from napari.layers import Layer
from PIL import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QPushButton

from napari_acs.viewer.reader import read
from napari_acs.viewer.views import VIEWS
from napari_acs.viewer.virtual_screen import screen
from napari_acs.widgets.view_bar import ViewBar
from napari_acs.widgets.view_control import ViewControl

REPO = Path(__file__).resolve().parents[1]
IMAGES = REPO / "docs" / "images"
DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", REPO.parent / "shared" / "data"))
TUMOUR = (16, 95, 60)
"""A voxel of the displayed array, in the bright part of the FLAIR."""


def oblique_views() -> None:
    """Show the FLAIR as the scanner gave it, in each plane, and in the three linked views."""
    (file,) = (DATA / "tcga-lgg-native" / "TCGA-FG-6692").glob("*FLAIR*.nii.gz")
    viewer = napari.Viewer(title="napari-acs")
    viewer.window.resize(1000, 760)
    bar = ViewBar()
    ViewControl(viewer, bar, bar)
    viewer.window.add_dock_widget(bar, name="Views", area="right")
    for layer in read(str(file)):
        viewer.add_layer(Layer.create(*layer))
    viewer.dims.point = viewer.layers[0].data_to_world(TUMOUR)
    planes = []
    for name in VIEWS:
        QTest.qWait(200)
        bar.findChild(QPushButton, f"view_{name}").click()
        viewer.fit_to_view()
        planes.append(viewer.screenshot(size=(420, 420), flash=False)[..., :3])
    Image.fromarray(np.hstack(planes)).save(IMAGES / "views-oblique.png")
    bar.findChild(QPushButton, "view_axial").click()
    bar.findChild(QCheckBox, "view_three").click()
    QTest.qWait(500)
    viewer.screenshot(str(IMAGES / "views-linked.png"), canvas_only=False, flash=False)
    viewer.close()


def main() -> None:
    with screen():
        oblique_views()


if __name__ == "__main__":
    main()
