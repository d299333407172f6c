"""Save mask: ask where to, and write without holding up the window."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from napari.layers import Image
from qtpy.QtCore import QObject, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.source import is_other_now
from napari_acs.viewer.masks import Convention, Mask, mask_of, save_mask, with_suffix
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

    from napari_acs.imaging.labels.proof import Proof

AskPath = Callable[[QWidget, Path, bool], Path | None]
"""Asks for a file name: window, proposal, and whether the study is DICOM."""
_FILTERS = {
    "NIfTI, compressed (*.nii.gz)": ".nii.gz",
    "3D Slicer segmentation (*.seg.nrrd)": ".seg.nrrd",
    "NRRD (*.nrrd)": ".nrrd",
    "MetaImage (*.mha)": ".mha",
    "NIfTI (*.nii)": ".nii",
}
_DICOM_FILTERS = {
    "DICOM segmentation (*.dcm)": ".dcm",
    "DICOM RT structure set (*.rtstruct.dcm)": ".rtstruct.dcm",
}


class MaskSaver(QObject):
    """Writes masks in a worker. Signals: ``saved(str)``, ``refused(str)``, each a sentence."""

    saved = Signal(str)
    refused = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget, ask_path: AskPath) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._window = parent
        self._ask_path = ask_path

    def save(self, layer: Labels | None, convention: str) -> None:
        """Ask for a file and write the layer to it; a click on Cancel changes nothing."""
        if layer is None:
            self.refused.emit("There is no mask to save. Segment first, or select a labels layer.")
            return
        try:
            images = [other for other in self._viewer.layers if isinstance(other, Image)]
            mask = mask_of(layer, images)
        except BadInput as refusal:
            self.refused.emit(refusal.sentence())
            return
        path = self._ask_path(self._window, _proposal(mask), mask.info.dicom is not None)
        if path is None:
            return
        # the user was asked about an existing file, so it may be replaced
        in_worker(_write, path, mask, cast("Convention", convention), done=self._on_written)

    @Slot(object)
    def _on_written(self, outcome: tuple[Proof, str] | str) -> None:
        if isinstance(outcome, str):
            self.refused.emit(outcome)
        else:
            proof, note = outcome
            self.saved.emit(f"Saved {proof.file}. {proof.sentence()}.{note}")


def ask_path(window: QWidget, proposal: Path, dicom: bool) -> Path | None:
    """Ask for a file name; also whether to replace a file that exists under the full name."""
    filters = _FILTERS | _DICOM_FILTERS if dicom else _FILTERS
    chosen, filter_ = QFileDialog.getSaveFileName(
        window, "Save mask", str(proposal), ";;".join(filters)
    )
    if not chosen:
        return None
    typed = Path(chosen)
    path = typed if typed.suffix else typed.with_name(typed.name + filters.get(filter_, ".nii.gz"))
    if path != typed and path.exists():
        # the dialog asked about the name as typed, not about this one
        answer = QMessageBox.question(
            window, "Save mask", f"{path.name} exists. Do you want to replace it?"
        )
        if answer != QMessageBox.StandardButton.Yes:
            return None
    return path


def _write(path: Path, mask: Mask, convention: Convention) -> tuple[Proof, str] | str:
    """Return the proof and a note, or the sentence of a refusal.

    A worker raises an exception that it returns.
    """
    try:
        proof = save_mask(with_suffix(path), mask, convention, overwrite=True)
    except BadInput as refusal:
        return refusal.sentence()
    except Exception as error:  # a raising worker ends in a second error under PySide6
        logging.getLogger(__name__).exception("saving failed")
        said = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
        return BadInput(
            f"{path} could not be written", found=said, do="Save elsewhere, or in another format"
        ).sentence()
    return proof, _note_on_source(mask)


def _note_on_source(mask: Mask) -> str:
    source = mask.info.source
    if source is None or not is_other_now(source, mask.info.grid):
        return ""
    return (
        f" {source.name} is another file now, or a damaged one: the mask lies where the image lay "
        "that you see."
    )


def _proposal(mask: Mask) -> Path:
    # The folder of a DICOM series holds nothing but the series, as a rule.
    source = None if mask.info.dicom else mask.info.source
    folder = source.parent if source is not None else Path.home()
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in mask.name)
    return folder / f"{stem}.nii.gz"
