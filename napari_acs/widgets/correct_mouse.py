"""The tool that has the mouse, and the keys that choose a region, on the mask that is corrected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject

from napari_acs.errors import BadInput
from napari_acs.viewer.brush import Brush, BrushSettings, Click, MaskTool
from napari_acs.viewer.correcting import nesting_in
from napari_acs.widgets.correct_brush import SMART
from napari_acs.widgets.correct_regions import PAINTABLES

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_acs.widgets.correct_brush import CorrectBrush

_STROKES = ("paint", "erase")
_WITH_A_RADIUS = (*_STROKES, *SMART)
_KEYS = {each.key: each.name for each in PAINTABLES if each.key}


class CorrectMouse(QObject):
    """Puts the chosen tool on a mask, and takes it off.

    Parameters
    ----------
    panel : CorrectBrush
    settings : callable
        Of the brush; may raise ``BadInput``.
    said : callable
        Gets sentences, and whether they are refusals.
    clicked : callable
        Gets the tool's name, the voxel and the axis of the slices.
    """

    def __init__(
        self,
        panel: CorrectBrush,
        settings: Callable[[], BrushSettings],
        said: Callable[[str, bool], object],
        clicked: Callable[[str, NDArray[np.float64], int], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._panel, self._clicked, self._said = panel, clicked, said
        self.brush = Brush(settings, said)
        self._layer: Labels | None = None
        self._held: list[MaskTool] = []
        self._bound: list[Labels] = []
        self.name = ""
        self._resting = False
        # a method of self would be gone before it could be called
        parent.destroyed.connect(partial(_give_back, self._held, self._bound))
        panel.tool_chosen.connect(self.take)
        panel.changed.connect(self._on_changed)

    def follow(self, layer: Labels | None) -> None:
        """Work on this mask from now on; the tool stays in hand."""
        name = self.name
        self._let_go()
        _give_back(self._held, self._bound)
        self._layer = layer
        if layer is not None:
            self._bound.append(layer)
            for key, region in _KEYS.items():
                layer.bind_key(key, self._choosing(region), overwrite=True)
            self._show_label()
        self.take(name)

    def take(self, name: str) -> None:
        """Take a tool in hand; no name lets go of it."""
        self._let_go()
        if name and self._layer is not None:
            self._panel.show_tool(name)  # whose radius is in the slider then
            stroke = name in _STROKES
            press = self.brush if stroke else Click(partial(self._clicked, name), self._said)
            size = 2 * self._panel.radius_mm if name in _WITH_A_RADIUS else 0.0
            self._held.append(MaskTool(self._layer, press, size, partial(self.take, "")))
            self.name = name
            self.rest(self._resting)
        self._panel.show_tool(self.name)

    def rest(self, on: bool) -> None:
        """Let the camera turn a 3D view, whatever is in hand; or no more."""
        self._resting = on
        for tool in self._held:
            tool.rest(on)

    def _let_go(self) -> None:
        for tool in self._held:
            tool.close()
        self._held.clear()
        self.name = ""

    def _on_changed(self) -> None:
        if self.name in _WITH_A_RADIUS:
            for tool in self._held:
                tool.resize(2 * self._panel.radius_mm)
        self._show_label()

    def _choosing(self, region: str) -> Callable[[Any], None]:
        def choose_region(layer: Any) -> None:  # napari wants a function, with a name
            self._panel.choose(region)

        return choose_region

    def _show_label(self) -> None:
        """Let napari's own tools paint the same."""
        if self._layer is not None:
            with suppress(BadInput):  # said once it is painted
                nesting = nesting_in(self._layer)
                level = nesting.level(self._panel.chosen.region)
                self._layer.selected_label = nesting.values[level - 1]


def _give_back(held: list[MaskTool], bound: list[Labels], *_: object) -> None:
    """Let masks have their mouse and keys back."""
    for tool in held:
        tool.close()
    for layer in bound:
        for key in _KEYS:
            layer.bind_key(key, None)
    held.clear()
    bound.clear()
