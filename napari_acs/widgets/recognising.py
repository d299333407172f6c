"""Looks, in a worker, at layers whose names say no sequence, and tells what they seem to be."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.imaging import SEQUENCES
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.viewer.info import GUESS, guess_in, info_in
from napari_acs.viewer.snapshot import LayerSnapshot, snapshot_layers
from napari_acs.widgets.matching import sequence_of
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.layers import Layer

Looks = dict[int, LayerSnapshot]
Recognise = Callable[[Looks], dict[int, SequenceGuess]]

_PAUSE_MS = 300


def recognise_layers(shots: Looks) -> dict[int, SequenceGuess]:
    """Say which sequence each layer is; for a worker: it never raises."""
    from napari_acs.imaging import Volume  # noqa: PLC0415 (numpy, SimpleITK)
    from napari_acs.imaging.identify import Clues, identify  # noqa: PLC0415
    from napari_acs.inference.sequence_classifier import sequence_classifier  # noqa: PLC0415

    try:
        clues = {
            str(key): Clues(volume=Volume(shot.data, shot.info.grid)) for key, shot in shots.items()
        }
        guesses = identify(clues, classifier=sequence_classifier())
    except Exception as error:
        logging.getLogger(__name__).exception("layers could not be looked at")
        nothing = SequenceGuess(None, 0.0, f"{type(error).__name__}: {error}", "classifier")
        return dict.fromkeys(shots, nothing)
    return {int(key): guess for key, guess in guesses.items()}


class Recognising(QObject):
    """Asks what layers show that nothing else tells of; each is looked at once.

    Layers that come shortly after one another are looked at together: two of them are not the
    same sequence. The answer is put into the layer's metadata, where `sequence_of` finds it.

    Signal: ``recognised()``, when layers got an answer.
    """

    recognised = Signal()

    def __init__(self, recognise: Recognise, parent: QObject) -> None:
        super().__init__(parent)
        self._recognise = recognise
        self._asked: dict[int, Layer] = {}
        self._new: list[Layer] = []
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._start)

    def look_at(self, layers: Sequence[Layer]) -> None:
        """Look soon at those of the open layers that need it; returns at once."""
        self._new = [x for x in layers if id(x) not in self._asked and _is_nameless(x)]
        if self._new:
            self._pause.start()

    @Slot()
    def _start(self) -> None:
        shots: Looks = {}
        for layer in self._new:
            self._asked[id(layer)] = layer
            try:
                shots[id(layer)] = snapshot_layers({SEQUENCES[0]: layer}).layers[SEQUENCES[0]]
            except BadInput as refusal:  # no plain volume
                self._tell(id(layer), SequenceGuess(None, 0.0, refusal.what, "classifier"))
        self._new = []
        if shots:
            in_worker(self._recognise, shots, done=self._on_done)

    @Slot(object)
    def _on_done(self, found: dict[int, SequenceGuess]) -> None:
        if isalive(self):
            for key, guess in found.items():
                self._tell(key, guess)
            self.recognised.emit()

    def _tell(self, key: int, guess: SequenceGuess) -> None:
        layer = self._asked.pop(key)
        layer.metadata = {**layer.metadata, GUESS: guess}


def _is_nameless(layer: Any) -> bool:
    info = info_in(layer.metadata)
    if info is not None and info.role:
        return False
    return sequence_of(layer)[0] is None and guess_in(layer.metadata) is None
