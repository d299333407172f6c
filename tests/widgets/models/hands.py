"""Hands on the Models dock: click, choose, drop, and what is shown."""

from __future__ import annotations

from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QLabel, QPushButton

MS = 20_000


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def choose(dock, title):
    table = dock.panel.table
    (item,) = (i for i in table.findItems(title, Qt.MatchFlag.MatchExactly) if i.column() == 0)
    table.selectRow(item.row())


def shown(dock):
    table = dock.panel.table
    cells = range(table.columnCount())
    return [tuple(table.item(row, c).text() for c in cells) for row in range(table.rowCount())]


def fact(dock, name):
    label = dock.findChild(QLabel, f"fact_{name}")
    return label.text() if label else None


def enabled(dock):
    names = ("set_default", "open_card", "remove_model", "add_file", "save_folders")
    return [name for name in names if dock.findChild(QPushButton, name).isEnabled()]


def drop(dock, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none, button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, button, none)
    dock.dropEvent(event)
    return event


def change(qtbot, dock, act):
    with qtbot.waitSignals([dock.changed, dock.verified], timeout=MS):
        act()
