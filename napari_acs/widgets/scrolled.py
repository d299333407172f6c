"""A dock's one content: a panel that scrolls where the window is low, as a tab beside others."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QLayout, QScrollArea, QVBoxLayout, QWidget

from napari_acs.widgets.tabs import Tabs

_NARROWEST = 320


def fill_with(dock: QWidget, panel: QWidget) -> None:
    """Lay a panel out in a dock, to its whole width, with a scroll bar at need."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setWidget(panel)
    if (inside := panel.layout()) is not None:
        # A panel whose parts unfold is never squeezed, not even until Qt's next round.
        inside.setSizeConstraint(QLayout.SizeConstraint.SetMinimumSize)
    layout = QVBoxLayout(dock)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(area)
    dock.setMinimumWidth(_NARROWEST)
    Tabs(dock)


def narrow(box: QComboBox) -> None:
    """Let a box be narrower than its longest choice."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
