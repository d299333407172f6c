"""The sample study: a digital phantom, and marked as one wherever it shows."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from napari_acs.imaging import TITLES, read_labels, sample_study
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import LayerTuple, image_layer, labels_layer

NAME = "phantom (not a patient)"


def phantom() -> list[LayerTuple]:
    """Return the four sequences of the digital phantom, under a mark that says so."""
    study = sample_study()
    images = [
        image_layer(
            volume.array,
            LayerInfo(volume.grid, volume.source, study.name, sequence),
            f"{TITLES[sequence]} {NAME}",
        )
        for sequence, volume in study.sequences.items()
    ]
    return [*images, _mark(images[-1])]


def phantom_with_mask() -> list[LayerTuple]:
    """Return the digital phantom with its true tumour mask."""
    volume = read_labels(true_mask_path())
    *images, mark = phantom()
    info = LayerInfo(volume.grid, volume.source, "", None)
    return [*images, labels_layer(volume.array, info, f"true mask of {NAME}"), mark]


def true_mask_path() -> Path:
    """Return the file of the phantom's true mask, as the package ships it."""
    return Path(str(files("napari_acs") / "sample" / "phantom_mask.nii.gz"))


def _mark(image: LayerTuple) -> LayerTuple:
    # a 2D layer shows on every slice; its text can't be mistaken for anatomy
    array, attributes, _ = image
    rows, columns = (n * s for n, s in zip(array.shape[1:], attributes["scale"][1:], strict=True))
    top, left = attributes["translate"][1:]
    point = [[top + 0.03 * rows, left + 0.5 * columns]]
    mark = {
        "name": "DIGITAL PHANTOM mark",
        "size": 0.01,
        "face_color": "transparent",
        "border_color": "transparent",
        # a bare string would be looked up as the name of a feature
        "text": {
            "string": {"constant": "DIGITAL PHANTOM, NOT A PATIENT"},
            "color": "#ff9900",
            "size": 12,
        },
        "units": attributes["units"][1:],
        "axis_labels": attributes["axis_labels"][1:],
    }
    return point, mark, "points"
