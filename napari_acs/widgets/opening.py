"""Open a study from the panel: look, ask where it is not clear, read, then add the layers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_acs.errors import BadInput, lack_of_memory
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.mask_home import homes_among
from napari_acs.viewer.reader import (
    folders_of,
    infos_of,
    mask_at,
    mask_layers,
    read,
    study_layers,
)
from napari_acs.viewer.session_files import unpack_for_session
from napari_acs.widgets.series_chooser import SeriesChooser
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.imaging.candidate import Candidate, MaskFile
    from napari_acs.imaging.contents import Contents
    from napari_acs.viewer.info import LayerInfo

AskSeries = Callable[[QWidget, "Contents"], "Mapping[str, Candidate] | None"]


@dataclass
class _Drop:
    """What was opened together: its layers, and what there is still to read or to say."""

    homes: tuple[LayerInfo, ...]
    layers: list[tuple[Any, ...]] = field(default_factory=list)
    studies: list[Contents] = field(default_factory=list)
    chosen: list[tuple[Contents, Mapping[str, Candidate]]] = field(default_factory=list)
    masks: list[MaskFile] = field(default_factory=list)
    refusals: list[BadInput] = field(default_factory=list)


class StudyOpener(QObject):
    """Adds a study's layers to the viewer. Signals: ``opened()``, ``refused(str)``.

    Of a DICOM study all series are listed first, with the guess of what each is, and the user
    says which to open. A mask comes last, on the image that it belongs to. What could not be
    shown beside the rest is said after ``opened``.
    """

    opened = Signal()
    refused = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget, ask: AskSeries) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._window = parent
        self._ask_series = ask
        self._waiting: list[tuple[Any, ...]] = []
        self._to_say: list[str] = []
        self._adding = False

    @property
    def adding(self) -> bool:
        """Whether more layers follow, and then ``opened``."""
        return self._adding

    def ask(self) -> None:
        """Ask for a folder and open it."""
        folder = QFileDialog.getExistingDirectory(self._window, "Open study folder")
        if folder:
            self.open([folder])

    def open(self, paths: list[str]) -> None:
        """Read folders and files in a worker; their layers appear when all are read, one by one."""
        if paths:
            drop = _Drop(homes_among(self._viewer.layers))
            in_worker(_look, (paths, drop), done=self._on_looked)

    @Slot(object)
    def _on_looked(self, outcome: _Drop | str) -> None:
        if isinstance(outcome, str):
            self.refused.emit(outcome)
            return
        for contents in outcome.studies:
            if chosen := self._ask_series(self._window, contents):
                outcome.chosen.append((contents, chosen))
        if outcome.chosen or outcome.masks:
            in_worker(_read, outcome, done=self._on_read)
        elif outcome.layers or outcome.refusals:
            self._on_read(outcome)

    @Slot(object)
    def _on_read(self, outcome: _Drop | str) -> None:
        if isinstance(outcome, str):
            self.refused.emit(outcome)
            return
        self._waiting += outcome.layers
        self._to_say += [refusal.sentence() for refusal in outcome.refusals]
        if not self._adding:
            self._adding = True
            self._add_next()

    def _add_next(self) -> None:
        # napari takes 0.2 s for each layer; between two of them the window may breathe
        if not isalive(self):
            return
        if self._waiting:
            try:
                self._viewer.add_layer(make_layer(self._waiting.pop(0)))
            except Exception as error:  # whatever napari raises: the next study is to open
                self._waiting.clear()
                self._to_say.append(_said_of(error))
            QTimer.singleShot(0, self._add_next)
            return
        self._adding = False
        self.opened.emit()
        if self._to_say:
            self.refused.emit(" ".join(self._to_say))
            self._to_say.clear()


def ask_series(window: QWidget, contents: Contents) -> Mapping[str, Candidate] | None:
    """Show the series of a study and return those that the user wants; None for none."""
    chooser = SeriesChooser(contents.candidates, dict(contents.proposal), window)
    return chooser.chosen() if chooser.exec() else None


def _look(what: tuple[list[str], _Drop]) -> _Drop | str:
    """Return what is there, or the sentence of a refusal: a worker raises what it returns."""
    from napari_acs.imaging.contents import opened  # noqa: PLC0415 (SimpleITK comes with it)
    from napari_acs.imaging.dicom.preamble import is_dicom_path  # noqa: PLC0415
    from napari_acs.inference.sequence_classifier import sequence_classifier  # noqa: PLC0415

    paths, drop = what
    classifier = sequence_classifier()
    try:
        for path in folders_of([Path(path) for path in paths]):
            if (mask := mask_at(path)) is not None:
                drop.masks.append(mask)
            elif not is_dicom_path(path):
                known = [*infos_of(drop.layers), *drop.homes]
                drop.layers += read(str(path), known, drop.refusals.append, classifier)
            else:
                zipped = path.is_file() and path.suffix.lower() == ".zip"
                here = unpack_for_session(path) if zipped else path
                with opened(here, classifier=classifier) as contents:
                    drop.studies.append(contents)
    except BadInput as refusal:
        return refusal.sentence()
    except Exception as error:
        return _said_of(error)
    return drop


def _read(drop: _Drop) -> _Drop | str:
    try:
        for contents, chosen in drop.chosen:
            study = next((c.study for c in chosen.values() if c.study), contents.name)
            drop.layers += study_layers(study, chosen, contents.masks, drop.refusals.append)
        homes = [*infos_of(drop.layers), *drop.homes]
        for mask in drop.masks:
            try:
                drop.layers += mask_layers([mask], homes)
            except BadInput as refusal:
                if not drop.layers:
                    raise
                drop.refusals.append(refusal)
    except BadInput as refusal:
        return refusal.sentence()
    except Exception as error:
        return _said_of(error)
    return drop


def _said_of(error: Exception) -> str:
    """Return a sentence on what nobody foresaw; of a worker that raises the panel hears nothing."""
    logging.getLogger(__name__).exception("opening failed")
    if isinstance(error, MemoryError):
        return lack_of_memory("What was to be opened is not").sentence()
    return BadInput(
        "What was to be opened is not",
        found=f"{type(error).__name__}: {error}",
        do="Please report it with the steps that led here; nothing was changed",
    ).sentence()
