"""Lists models and devices in a worker; the latest listing counts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.errors import BadInput
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari_acs.widgets.catalogue import Catalogue


class Listing(QObject):
    """Asks for the catalogue. Signals: ``listed(Catalogue)``, ``failed(str)``, a sentence.

    Of two listings that overlap the one that was asked for last is told: a model that was removed
    in between must not come back.
    """

    listed = Signal(object)
    failed = Signal(str)

    def __init__(self, catalogue: Callable[[], Catalogue], parent: QObject) -> None:
        super().__init__(parent)
        self._catalogue = catalogue
        self._asked = 0

    def refresh(self) -> None:
        """List anew."""
        self._asked += 1
        in_worker(_list, self._catalogue, self._asked, done=self._on_listed)

    @Slot(object)
    def _on_listed(self, answer: tuple[int, Catalogue | str]) -> None:
        number, found = answer
        if not isalive(self) or number != self._asked:
            return
        if isinstance(found, str):
            self.failed.emit(f"The models could not be listed. {found}")
        else:
            self.listed.emit(found)


def _list(catalogue: Callable[[], Catalogue], number: int) -> tuple[int, Catalogue | str]:
    try:
        return number, catalogue()
    except BadInput as refusal:
        return number, refusal.sentence()
    except Exception as error:  # a raising worker ends in a second error under PySide6
        logging.getLogger(__name__).exception("listing models failed")
        return number, f"{type(error).__name__}: {error}"
