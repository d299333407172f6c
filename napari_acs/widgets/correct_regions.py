"""What is painted: the regions and tissues of a glioma, by name."""

from __future__ import annotations

from dataclasses import dataclass

from napari_acs.review.correct import Ink, erase, paint, put


@dataclass(frozen=True)
class Paintable:
    """A choice of the panel.

    Attributes
    ----------
    name : str
        Of the region or, with ``label``, of the tissue.
    title : str
        In words.
    region : str
        What tools work on that know regions alone.
    label : bool
        Whether it is a tissue: painting gives this label, whatever was there.
    key : str
        That chooses it while the mask is the selected layer; or none.
    """

    name: str
    title: str
    region: str
    label: bool = False
    key: str = ""

    @property
    def text(self) -> str:
        """One line of the box."""
        before = f"{self.key}  " if self.key else ""
        return f"{before}{self.name}: {self.title}"

    def ink(self, verb: str) -> Ink:
        """Return what a stroke leaves; ``verb`` is ``"paint"`` or ``"erase"``."""
        if self.label:
            return put(self.name) if verb == "paint" else put("background", over=(self.name,))
        return paint(self.name) if verb == "paint" else erase(self.name)


PAINTABLES = (
    Paintable("WT", "whole tumour", "WT", key="1"),
    Paintable("TC", "tumour core", "TC", key="2"),
    Paintable("ET", "enhancing tumour", "ET", key="3"),
    Paintable("NCR", "necrosis only, in place of what is there", "TC", label=True),
    Paintable("ED", "oedema only, in place of what is there", "WT", label=True),
)
