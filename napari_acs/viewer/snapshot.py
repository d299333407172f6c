"""What is taken from the layers when the user clicks Segment.

Taken on the main thread, so nothing is copied or scanned here: arrays are handed over as they
are, and the worker turns them into a study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging import TITLES, Grid, Volume, from_lps
from napari_acs.viewer.arriving import refuse_arriving
from napari_acs.viewer.display import is_placed
from napari_acs.viewer.info import LayerInfo, info_in, is_diagonal

if TYPE_CHECKING:
    from napari.layers import Layer


@dataclass(frozen=True)
class LayerSnapshot:
    """One image layer as it was: its name, displayed array (not copied) and grid."""

    name: str
    data: Any
    info: LayerInfo
    assumed: bool = False

    def volume(self) -> Volume:
        """Return the stored ``(z, y, x)`` array on its grid; reads a lazy array now."""
        array = from_lps(np.asarray(self.data), self.info.grid)
        info = self.info
        return Volume(array, info.grid, info.source, info.dicom, info.history, info.stamp)


@dataclass(frozen=True)
class StudySnapshot:
    """The layers chosen for the sequences, checked for what can be seen without reading them."""

    name: str
    layers: Mapping[str, LayerSnapshot]
    notes: tuple[str, ...] = field(default=())

    @property
    def reference(self) -> LayerInfo:
        """Grid and source of the image that the mask is saved like."""
        return next(iter(self.layers.values())).info.home

    @property
    def reference_sequence(self) -> str:
        """The sequence that `reference` is of; where that is not chosen, the first on its grid."""
        home = self.reference
        wanted = (home.grid, home.source, home.dicom)
        own = (
            sequence
            for sequence, shot in self.layers.items()
            if shot.info.reference is None
            and (shot.info.grid, shot.info.source, shot.info.dicom) == wanted
        )
        return next(own, next(iter(self.layers)))

    def volumes(self) -> dict[str, Volume]:
        """Return the stored arrays on their grids; reads lazy arrays now."""
        return {sequence: shot.volume() for sequence, shot in self.layers.items()}


def snapshot_study(chosen: Mapping[str, Layer | None]) -> StudySnapshot:
    """Take the chosen layers as they are, for a job that needs them on one grid.

    Parameters
    ----------
    chosen : mapping of str to Layer or None
        Sequence (``"t1"``, ``"t1ce"``, ``"t2"``, ``"flair"``) to the layer that holds it.

    Raises
    ------
    BadInput
        As `snapshot_layers`, for two grids, and where the study is still being opened.
    """
    refuse_arriving(layer for layer in chosen.values() if layer is not None)
    study = snapshot_layers(chosen)
    _refuse_other_grid(study.layers)
    return study


def snapshot_layers(chosen: Mapping[str, Layer | None]) -> StudySnapshot:
    """Take the chosen layers as they are, each on its own grid; see `snapshot_study`.

    Raises
    ------
    BadInput
        No layer, one layer twice, or a layer that is not a plain 3D image.
    """
    layers = {sequence: layer for sequence, layer in chosen.items() if layer is not None}
    if not layers:
        raise BadInput(
            "No sequence is chosen",
            do="Open a study (File > Open Folder, or drop it on the window) "
            "and choose at least one image under Sequences",
        )
    _refuse_twice(layers)
    taken = {sequence: _snapshot(layer) for sequence, layer in layers.items()}
    names = {shot.info.study for shot in taken.values() if shot.info.study}
    name = names.pop() if len(names) == 1 else next(iter(taken.values())).name
    notes = tuple(
        f"{shot.name!r} was not opened by napari-acs: its orientation is taken as shown, "
        "with the patient's left on the right of the axial view and anterior up."
        for shot in taken.values()
        if shot.assumed
    )
    return StudySnapshot(name=name, layers=taken, notes=notes)


def _refuse_twice(layers: Mapping[str, Layer]) -> None:
    seen: dict[int, str] = {}
    for sequence, layer in layers.items():
        first = seen.setdefault(id(layer), sequence)
        if first != sequence:
            raise BadInput(
                f"The layer {layer.name!r} is chosen twice, as {TITLES[first]} "
                f"and as {TITLES[sequence]}",
                do="Choose another layer for one of them, or 'none'",
            )


def _refuse_other_grid(taken: Mapping[str, LayerSnapshot]) -> None:
    first, *others = taken.values()
    for other in others:
        if (difference := first.info.grid.difference(other.info.grid)) is not None:
            raise BadInput(
                f"The layers {first.name!r} and {other.name!r} lie on different grids",
                found=difference,
                expected="co-registered sequences on one grid",
                do=f"Click Align in the list of checks, or set {other.name!r} to 'none'",
            )


def _snapshot(layer: Layer) -> LayerSnapshot:
    info, assumed = _grid_under(layer)
    return LayerSnapshot(name=layer.name, data=layer.data, info=info, assumed=assumed)


def _grid_under(layer: Layer) -> tuple[LayerInfo, bool]:
    from napari.layers import Image  # noqa: PLC0415 (napari is slow)

    subject = f"The layer {layer.name!r}"
    do = "Choose a 3D greyscale MRI volume"
    if not isinstance(layer, Image):
        raise BadInput(f"{subject} is not an image layer", do=do)
    if layer.rgb:
        raise BadInput(
            f"{subject} is a colour (RGB) image", expected="one grey value a voxel", do=do
        )
    if layer.multiscale:
        raise BadInput(f"{subject} is a multiscale pyramid", expected="one 3D array", do=do)
    if layer.ndim != 3:
        raise BadInput(
            f"{subject} has {layer.ndim} dimensions",
            expected="3: a volume, not a slice or a series",
            do=do,
        )
    info = info_in(layer.metadata)
    if info is not None and info.role == "uncertainty":
        raise BadInput(f"{subject} shows how unsure a model is, and is no MRI", do=do)
    turned = not is_diagonal(layer)  # by the mouse, in napari's transform mode
    placed = info is not None and is_placed(
        info.grid, layer.data.shape, layer.scale, layer.translate
    )
    if info is not None and placed and not turned:
        return info, False
    if info is not None or turned:
        raise BadInput(
            f"{subject} was moved, rotated or cropped after it was opened",
            do="Open the file again, and choose that layer",
        )
    # no source: the geometry of another reader's file was not taken from it
    return LayerInfo(grid=_grid_as_shown(layer)), True


def _grid_as_shown(layer: Layer) -> Grid:
    z, y, x = layer.data.shape
    dz, dy, dx = map(float, layer.scale)
    oz, oy, ox = map(float, layer.translate)
    try:
        return Grid((x, y, z), (dx, dy, dz), (ox, oy, oz), (1, 0, 0, 0, 1, 0, 0, 0, 1))
    except ValueError as error:
        raise BadInput(
            f"The layer {layer.name!r} has no place in the patient",
            found=str(error),
            do="Open the file with napari-acs instead",
        ) from error
