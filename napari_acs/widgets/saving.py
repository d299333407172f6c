"""Save mask: ask where to, and write without holding up the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from napari.layers import Image
from napari.qt.threading import thread_worker
from qtpy.QtCore import QObject, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_acs.errors import BadInput
from napari_acs.viewer.masks import Convention, Mask, mask_of, with_suffix, write_mask

if TYPE_CHECKING:
    from napari.layers import Labels
    from napari.viewer import Viewer

AskPath = Callable[[QWidget, Path], Path | None]
_FILTERS = {
    "NIfTI, compressed (*.nii.gz)": ".nii.gz",
    "NRRD (*.nrrd)": ".nrrd",
    "MetaImage (*.mha)": ".mha",
    "NIfTI (*.nii)": ".nii",
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
        path = self._ask_path(self._window, _proposal(mask))
        if path is None:
            return
        # the user was asked about an existing file, so it may be replaced
        worker = thread_worker(_write)(path, mask, cast("Convention", convention))
        worker.returned.connect(self._on_written)
        worker.start()

    @Slot(object)
    def _on_written(self, outcome: Path | BadInput) -> None:
        if isinstance(outcome, BadInput):
            self.refused.emit(outcome.sentence())
        else:
            self.saved.emit(f"Saved {outcome}")


def ask_path(window: QWidget, proposal: Path) -> Path | None:
    """Ask for a file name; also whether to replace a file that exists under the full name."""
    chosen, filter_ = QFileDialog.getSaveFileName(
        window, "Save mask", str(proposal), ";;".join(_FILTERS)
    )
    if not chosen:
        return None
    typed = Path(chosen)
    path = typed if typed.suffix else typed.with_name(typed.name + _FILTERS.get(filter_, ".nii.gz"))
    if path != typed and path.exists():
        # the dialog asked about the name as typed, not about this one
        answer = QMessageBox.question(
            window, "Save mask", f"{path.name} exists. Do you want to replace it?"
        )
        if answer != QMessageBox.StandardButton.Yes:
            return None
    return path


def _write(path: Path, mask: Mask, convention: Convention) -> Path | BadInput:
    try:
        return write_mask(with_suffix(path), mask, convention, overwrite=True)
    except BadInput as refusal:
        return refusal
    except OSError as error:
        return BadInput(f"{path} could not be written", found=str(error), do="Save elsewhere")


def _proposal(mask: Mask) -> Path:
    folder = mask.info.source.parent if mask.info.source is not None else Path.home()
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in mask.name)
    return folder / f"{stem}.nii.gz"
