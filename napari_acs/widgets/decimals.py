"""Fields for numbers with a decimal point, in which a comma is one as well, in every language.

Qt reads "1.5" as 15 where the user's language writes a comma, and "1,5" as 15 where it does not:
the other sign is taken for that of thousands, and passed over. Everything else here is written with
a point, and whoever typed what stood beside a field grew a mask by ten times as much.
"""

from __future__ import annotations

from qtpy.QtCore import QLocale
from qtpy.QtGui import QDoubleValidator, QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QLineEdit, QWidget

Validated = tuple[QValidator.State, str, int]


class DecimalBox(QDoubleSpinBox):
    """A spin box that shows a point, and takes a point or a comma."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLocale(_point())

    def validate(self, text: str | None, at: int) -> Validated:
        """Take a comma for a point."""
        found: Validated = super().validate(_pointed(text), at)
        return found

    def valueFromText(self, text: str | None) -> float:  # noqa: N802
        """Take a comma for a point."""
        return float(super().valueFromText(_pointed(text)))


def take_decimals(slider: QWidget) -> None:
    """Let the fields of a superqt slider take a point or a comma; only those that are there now.

    They show a point and are read by Python's ``float``, but checked by the user's language.
    """
    for field in slider.findChildren(QLineEdit):
        if isinstance(field.validator(), QDoubleValidator):
            field.setValidator(_Decimals(field))


class _Decimals(QDoubleValidator):
    def __init__(self, field: QLineEdit) -> None:
        super().__init__(field)
        self.setLocale(_point())

    def validate(self, text: str | None, at: int) -> Validated:
        found: Validated = super().validate(_pointed(text), at)
        return found


def _point() -> QLocale:
    locale = QLocale.c()
    options = QLocale.NumberOption
    locale.setNumberOptions(options.OmitGroupSeparator | options.RejectGroupSeparator)
    return locale


def _pointed(text: str | None) -> str:
    return (text or "").replace(",", ".")
