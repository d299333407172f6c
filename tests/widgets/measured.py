"""What tests of measures in the Correct panel ask of it."""

from __future__ import annotations

import numpy as np
from qtpy.QtWidgets import QLabel, QTableWidget
from widgets.correct_case import WAIT


def column(dock, region: str) -> list[str]:
    table = dock.panel.findChild(QTableWidget, "measures")
    names = [table.horizontalHeaderItem(i).text() for i in range(table.columnCount())]
    return [table.item(row, names.index(region)).text() for row in range(table.rowCount())]


def text(dock, name: str) -> str:
    return dock.panel.findChild(QLabel, name).text()


def costed(dock, qtbot):
    return qtbot.waitSignal(dock.measuring.cost.costed, timeout=WAIT)


def settled(dock, qtbot):
    """Wait until the mask as it is now is measured, and what it cost is known."""
    cost = dock.measuring.cost
    qtbot.waitUntil(
        lambda: cost.found is not None and np.array_equal(cost.found.labels, mask_of(dock).data),
        timeout=WAIT,
    )


def mask_of(dock):
    return dock.target.layer


def erase_et(mask):
    mask.data_setitem(np.nonzero(mask.data == 3), 1)
