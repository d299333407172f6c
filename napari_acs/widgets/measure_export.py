"""Writes measures to a file that names no patient."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_acs.viewer.measure_record import csv_of, json_of, record_of
from napari_acs.viewer.whole_file import write_whole

if TYPE_CHECKING:
    from napari_acs.viewer.diameters import HandDiameters
    from napari_acs.viewer.measuring import MaskCost, Measured


def ask_file(parent: QWidget, suggestion: str) -> Path | None:
    """Ask where to export to."""
    name, _ = QFileDialog.getSaveFileName(parent, "Export the measures", suggestion)
    return Path(name) if name else None


class MeasureExport:
    """Asks for a file, and writes."""

    def __init__(self, window: QWidget, ask: Callable[[QWidget, str], Path | None]) -> None:
        self._window, self._ask = window, ask

    def write(
        self,
        kind: str,
        measured: Measured,
        by_hand: HandDiameters | None,
        cost: MaskCost | None,
        active_s: float | None = None,
    ) -> str:
        """Write ``"json"`` or ``"csv"``; return what was done, or nothing if the user thought so.

        Raises
        ------
        BadInput
            The file cannot be written, or there is no pseudonym.
        """
        path = self._ask(self._window, f"measures.{kind}")
        if path is None:
            return ""
        record = record_of(measured, by_hand, cost, active_s)
        write_whole(path, json_of(record) if kind == "json" else csv_of(record))
        return f"Written: {path.name}"
