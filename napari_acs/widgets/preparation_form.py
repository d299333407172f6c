"""How a study is made ready: on whose grid, with which brain mask, with N4 or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox, Container
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_acs.imaging import TITLES
from napari_acs.widgets.sequence_form import align_labels

if TYPE_CHECKING:
    from napari.layers import Layer

AUTO = "auto"
AS_IT_IS = "none"
_REFERENCES = [("automatic (the finest)", AUTO), *((title, key) for key, title in TITLES.items())]
_BRAINS: list[tuple[str, Any]] = [
    ("automatic: remove a skull that is there", AUTO),
    ("leave the images as they are", AS_IT_IS),
]


class PreparationForm(QWidget):
    """Four choices. Signal: ``changed()``, for a change by the user."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reference = ComboBox(
            name="reference",
            label="Grid of",
            choices=_REFERENCES,
            tooltip="Align brings the other sequences to the grid of this one; "
            "the mask is made and saved on it",
        )
        self._brain = ComboBox(
            name="brain",
            label="Brain",
            choices=_BRAINS,
            tooltip="The network wants brains without a skull. A Labels layer can serve as the "
            "brain mask: correct the one that Strip makes, or open your own",
        )
        self._bias = CheckBox(
            name="bias",
            label="",
            text="Correct the bias field (N4)",
            value=False,
            tooltip="Evens out slow changes of brightness; takes some seconds a sequence",
        )
        self._prepared = CheckBox(
            name="prepared",
            label="",
            text="Show the prepared images",
            value=False,
            tooltip="Adds what Segment made of the sequences before the network saw them, without "
            "the skull and the bias field, as layers",
        )
        form: Container[Any] = Container(
            widgets=[self._reference, self._brain, self._bias, self._prepared], labels=True
        )
        form.margins = (0, 0, 0, 0)
        for box in (self._reference, self._brain):
            box.native.setMinimumWidth(80)
            box.native.setObjectName(f"preparation_{box.name}")
            box.changed.connect(lambda *_: self.changed.emit())
        self._bias.native.setObjectName("preparation_bias")
        self._prepared.native.setObjectName("preparation_prepared")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(form.native)
        self._form = form  # the container owns the boxes
        align_labels(form)

    @property
    def reference(self) -> str | None:
        """The sequence whose grid is wanted, or None for the automatic choice."""
        return None if self._reference.value == AUTO else str(self._reference.value)

    @property
    def brain(self) -> Any:
        """``"auto"``, ``"none"``, or the Labels layer to use as the brain mask."""
        return self._brain.value

    @property
    def bias_correction(self) -> bool:
        """Whether N4 is to be run."""
        return bool(self._bias.value)

    def forget_mask(self) -> None:
        """Go back to the automatic choice where a Labels layer was chosen."""
        if not isinstance(self._brain.value, str):
            with self._brain.changed.blocked():
                self._brain.value = AUTO

    @property
    def show_prepared(self) -> bool:
        """Whether the prepared images are to be added as layers."""
        return bool(self._prepared.value)

    def show_masks(self, layers: Sequence[Layer], chosen: Layer | None = None) -> None:
        """Offer these Labels layers as brain masks; keep the choice while it is open."""
        with self._brain.changed.blocked():
            before = chosen if chosen is not None else self._brain.value
            self._brain.choices = [*_BRAINS, *((layer.name, layer) for layer in layers)]
            kept = isinstance(before, str) or any(before is layer for layer in layers)
            self._brain.value = before if kept else AUTO
