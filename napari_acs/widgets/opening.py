"""Open a study from the panel: look, ask where it is not clear, read, then add the layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.qt.threading import thread_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_acs.errors import BadInput
from napari_acs.viewer.reader import read, study_layers
from napari_acs.viewer.session_files import unpack_for_session
from napari_acs.widgets.series_chooser import SeriesChooser

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.imaging.candidate import Candidate
    from napari_acs.imaging.contents import Contents

AskSeries = Callable[[QWidget, "Contents"], "Mapping[str, Candidate] | None"]
_Found = list[tuple[Any, ...]]


class StudyOpener(QObject):
    """Adds a study's layers to the viewer. Signals: ``opened()``, ``refused(str)``.

    Of a DICOM study all series are listed first, with the guess of what each is, and the user
    says which to open.
    """

    opened = Signal()
    refused = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget, ask: AskSeries) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._window = parent
        self._ask_series = ask
        self._waiting: _Found = []

    def ask(self) -> None:
        """Ask for a folder and open it."""
        folder = QFileDialog.getExistingDirectory(self._window, "Open study folder")
        if folder:
            self.open([folder])

    def open(self, paths: list[str]) -> None:
        """Read folders and files in a worker; their layers appear when all are read, one by one."""
        self._start(_look, paths, self._on_looked)

    @Slot(object)
    def _on_looked(self, outcome: tuple[_Found, list[Contents]] | str) -> None:
        if isinstance(outcome, str):
            self.refused.emit(outcome)
            return
        layers, studies = outcome
        for contents in studies:
            chosen = self._ask_series(self._window, contents)
            if chosen:
                self._start(_read, (contents, chosen), self._on_read)
        if layers:
            self._on_read(layers)

    @Slot(object)
    def _on_read(self, outcome: _Found | str) -> None:
        if isinstance(outcome, str):
            self.refused.emit(outcome)
            return
        self._waiting += outcome
        self._add_next()

    def _start(self, work: Callable[[Any], Any], what: Any, done: Callable[[Any], None]) -> None:
        worker = thread_worker(work)(what)
        worker.returned.connect(done)
        worker.start()

    def _add_next(self) -> None:
        # napari takes 0.2 s for each layer; between two of them the window may breathe
        if not isalive(self):
            return
        if self._waiting:
            self._viewer.add_layer(Layer.create(*self._waiting.pop(0)))
            QTimer.singleShot(0, self._add_next)
        else:
            self.opened.emit()


def ask_series(window: QWidget, contents: Contents) -> Mapping[str, Candidate] | None:
    """Show the series of a study and return those that the user wants; None for none."""
    chooser = SeriesChooser(contents.candidates, dict(contents.proposal), window)
    return chooser.chosen() if chooser.exec() else None


def _look(paths: list[str]) -> tuple[_Found, list[Contents]] | str:
    """Return what is there, or the sentence of a refusal: a worker raises what it returns."""
    from napari_acs.imaging.contents import opened  # noqa: PLC0415 (SimpleITK comes with it)
    from napari_acs.imaging.dicom.preamble import is_dicom_path  # noqa: PLC0415

    layers: _Found = []
    studies: list[Contents] = []
    try:
        for path in map(Path, paths):
            if not is_dicom_path(path):
                layers += read(str(path))
                continue
            folder = unpack_for_session(path) if path.suffix.lower() == ".zip" else path
            with opened(folder) as contents:
                studies.append(contents)
    except BadInput as refusal:
        return refusal.sentence()
    return layers, studies


def _read(what: tuple[Contents, Mapping[str, Candidate]]) -> _Found | str:
    contents, chosen = what
    study = next((c.study for c in chosen.values() if c.study), contents.name)
    try:
        return list(study_layers(study, chosen, contents.masks))
    except BadInput as refusal:
        return refusal.sentence()
