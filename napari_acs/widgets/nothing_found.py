"""What the panel shows in place of a mask where the model found nothing: how near it came, why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_acs.inference.emptiness import how_near, nearest_place, suspects
from napari_acs.widgets.check_list import COLOURS

if TYPE_CHECKING:
    from napari_acs.imaging.check.line import CheckLine
    from napari_acs.inference.messages import Failure, Nearest

_STEPS = 1000
_LEAST_BAR = 40
NOTHING_WRONG = "The check found nothing wrong with the study: there may be no tumour in it."


class NothingFound(QWidget):
    """The explanation of an empty prediction; hidden while there is none.

    Signals: ``place_chosen(tuple)``, x, y, z in mm of LPS, where the model came nearest;
    ``dismissed()``.
    """

    place_chosen = Signal(object)
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("nothing_found")
        self._place: Nearest | None = None
        self._what = _text("", "nothing_found_what")
        self._what.setStyleSheet(f"font-weight: bold; color: {COLOURS['amber']}")
        self._reasons = _text("", "nothing_found_reasons")
        self._do = _text("", "nothing_found_do")
        self._regions = QWidget()
        self._show = QPushButton("Show where it came nearest")
        self._show.setObjectName("show_nearest")
        self._show.clicked.connect(self._on_show)
        dismiss = QPushButton("Dismiss")
        dismiss.setObjectName("dismiss_nothing_found")
        dismiss.clicked.connect(self._on_dismiss)
        buttons = QHBoxLayout()
        buttons.addWidget(self._show, 1)
        buttons.addWidget(dismiss)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        for part in (self._what, self._regions, self._reasons, self._do):
            self._layout.addWidget(part)
        self._layout.addLayout(buttons)
        self.hide()

    def explain(self, failure: Failure, lines: Sequence[CheckLine] | None = None) -> None:
        """Show why nothing was found.

        Parameters
        ----------
        failure : Failure
            Of kind ``"empty"``.
        lines : sequence of CheckLine, optional
            Of the check of the same study; without it nothing is said of the check.
        """
        self._place = nearest_place(failure.nearest)
        self._what.setText(f"{failure.what}.")
        self._replace_regions(failure.nearest)
        self._reasons.setText("\n".join(_reasons(failure, lines)))
        self._do.setText(f"{failure.do.rstrip('. ')}.")
        self._show.setVisible(self._place is not None)
        self.show()

    def clear(self) -> None:
        """Hide the explanation: there is a mask, or another study."""
        self._place = None
        self.hide()

    def _replace_regions(self, nearest: Sequence[Nearest]) -> None:
        new = QWidget()
        grid = QGridLayout(new)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, near in enumerate(nearest):
            bar = QProgressBar()
            bar.setObjectName(f"nearest_{near.region}_bar")
            bar.setRange(0, _STEPS)
            bar.setValue(round(_STEPS * min(max(near.probability, 0.0), 1.0)))
            bar.setTextVisible(False)
            bar.setMaximumHeight(8)
            bar.setMinimumWidth(_LEAST_BAR)
            words = f"{near.probability:.2f}, needs {near.threshold:g}"
            grid.addWidget(_text(near.title.capitalize(), f"nearest_{near.region}_title"), row, 0)
            grid.addWidget(bar, row, 1)
            grid.addWidget(_text(words, f"nearest_{near.region}", wrap=False), row, 2)
        self._layout.replaceWidget(self._regions, new)
        self._regions.setParent(None)  # deleted later; gone from view and search now
        self._regions.deleteLater()
        self._regions = new

    def _on_show(self) -> None:
        if self._place is not None:
            self.place_chosen.emit(self._place.point_mm)

    def _on_dismiss(self) -> None:
        self.clear()
        self.dismissed.emit()


def _reasons(failure: Failure, lines: Sequence[CheckLine] | None) -> list[str]:
    # The bars say the numbers; the rest of ``why`` is what the job knows of sequences and skull.
    fact = failure.why.removeprefix(how_near(failure.nearest)).lstrip(". ")
    found = [fact, *suspects(lines or (), fact)] if fact else list(suspects(lines or ()))
    if lines and not found:
        return [NOTHING_WRONG]
    return [f"\N{BULLET} {part.rstrip('. ')}." for part in found]


def _text(words: str, name: str, *, wrap: bool = True) -> QLabel:
    label = QLabel(words)
    label.setObjectName(name)
    label.setWordWrap(wrap)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
