"""Wires the confidence panel to the mask that is followed: thresholds, uncertainty, places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.layers import Image, Labels
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal, Slot

from napari_acs.viewer.info import info_in
from napari_acs.viewer.look_at import look_at
from napari_acs.viewer.make_layer import make_layer
from napari_acs.viewer.uncertainty_layer import uncertainty_layer
from napari_acs.widgets.confidence_state import Found, State, find, state_of
from napari_acs.widgets.working import in_worker

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_acs.inference.messages import Segmentation
    from napari_acs.inference.places import Place
    from napari_acs.widgets.confidence_panel import ConfidencePanel


class Confidence(QObject):
    """Remembers the segmentation of every result layer, as long as the layer is open.

    The map of uncertainty is a layer that belongs to its mask: it is made when it is first asked
    for, hidden while another mask is followed, and closed with its mask.

    Signal: ``ready()`` when the places of the followed mask are listed.
    """

    ready = Signal()

    def __init__(self, viewer: Viewer, panel: ConfidencePanel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._panel = panel
        self._states: WeakKeyDictionary[Labels, State] = WeakKeyDictionary()
        self._layer: Labels | None = None
        self._turn = 0  # of what is computed: an answer to an older question is dropped
        panel.threshold_changed.connect(self._on_threshold)
        panel.threshold_settled.connect(self._on_settled)
        panel.reset_clicked.connect(self._on_reset)
        panel.uncertainty_toggled.connect(self._on_uncertainty)
        panel.place_chosen.connect(self._on_place)
        viewer.layers.events.removed.connect(self._on_removed)
        self.follow(None)

    @Slot(object)
    def follow(self, layer: Labels | None, segmentation: Segmentation | None = None) -> None:
        """Show how sure the model is of this mask; ``segmentation`` is what the mask was made of.

        Of a mask that was followed before, it is remembered.
        """
        self._on_settled()
        for event, callback in self._events(self._layer):
            event.disconnect(callback)
        before = self._state
        self._layer = layer
        if layer is not None and segmentation is not None:
            self._remember(layer, segmentation)
        for event, callback in self._events(layer):
            event.connect(callback)
        if before is not self._state and before is not None and before.shown is not None:
            before.shown.visible = False  # `wanted` brings it back with its mask
        self._show()

    @Slot(object, object)
    def remember(self, layer: Labels, segmentation: Segmentation) -> None:
        """Remember what a mask was made of; one that is not followed yet may be later."""
        if layer is self._layer:
            self.follow(layer, segmentation)
        else:
            self._remember(layer, segmentation)

    def _remember(self, layer: Labels, segmentation: Segmentation) -> None:
        if (state := state_of(layer, segmentation)) is not None:
            self._states[layer] = state

    @property
    def _state(self) -> State | None:
        return self._states.get(self._layer) if self._layer is not None else None

    def _events(self, layer: Labels | None) -> tuple[tuple[Any, Any], ...]:
        if layer is None:
            return ()
        events = layer.events
        return (
            (events.set_data, self._on_drawn),
            (events.labels_update, self._on_stroke_drawn),
            (events.paint, self._on_paint),
            (events.data, self._on_drawn),
            (events.editable, self._show_note),
        )

    def _show(self) -> None:
        state = self._state
        if state is None:
            self._panel.show_regions((), {})
            self._panel.show_uncertainty(None, False)
            self._panel.show_places(())
            return
        self._panel.show_regions(state.regions, state.mask.thresholds)
        if state.shown is not None and state.wanted:
            state.shown.visible = True
        self._show_box(state)
        self._show_note()
        self._find()

    def _show_box(self, state: State) -> None:
        title = state.found.uncertain.title if state.found is not None else None
        on = state.shown is not None and state.shown.visible
        self._panel.show_uncertainty(title, on)

    def _show_note(self, event: Any = None) -> None:
        state, layer = self._state, self._layer
        if not isalive(self) or state is None or layer is None:
            return
        fits = state.mask.fits(layer)
        self._panel.allow(fits)
        if not fits:
            self._panel.show_note(
                "The layer no longer holds the model's mask, or is locked: thresholds stay."
            )
            return
        kept = state.mask.kept_voxels(layer) * state.grid.voxel_ml
        by_hand = f"{kept:.2f} ml that you changed by hand stay as they are." if kept else ""
        self._panel.show_note(" ".join(filter(None, (by_hand, state.given_up))))

    @Slot(str, float)
    def _on_threshold(self, region: str, threshold: float) -> None:
        if (state := self._state) is not None and self._layer is not None:
            self._preview(state, self._layer, {**state.mask.thresholds, region: threshold})

    @Slot()
    def _on_reset(self) -> None:
        if (state := self._state) is not None and self._layer is not None:
            self._preview(state, self._layer, {r.name: r.threshold for r in state.regions})
            self._panel.show_thresholds(state.mask.thresholds)
            self._on_settled()

    def _preview(self, state: State, layer: Labels, thresholds: dict[str, float]) -> None:
        if not state.mask.preview(layer, thresholds):
            self._panel.show_thresholds(state.mask.thresholds)

    @Slot()
    def _on_settled(self) -> None:
        if (state := self._state) is not None and self._layer is not None:
            before = state.settled
            state.mask.settle(self._layer)
            state.settled = dict(state.mask.thresholds)
            if before != state.settled:
                self._show_note()
                self._find()

    def _on_drawn(self, event: Any = None) -> None:
        state, layer = self._state, self._layer
        if not isalive(self) or state is None or layer is None:
            return
        if state.mask.look(layer):  # undone, or redone
            state.settled = dict(state.mask.thresholds)
            self._panel.show_thresholds(state.mask.thresholds)
            self._show_note()
            self._find()
        elif state.mask.fits(layer) is not state.fitted:
            self._show_note()
        state.fitted = state.mask.fits(layer)

    def _on_paint(self, event: Any = None) -> None:
        if isalive(self) and (state := self._state) is not None and self._layer is not None:
            state.mask.painted(self._layer)

    def _on_stroke_drawn(self, event: Any = None) -> None:
        state = self._state
        if isalive(self) and state is not None and state.mask.stroke and self._layer is not None:
            state.mask.painted(self._layer, over=True)

    def _find(self) -> None:
        """Compute uncertainty and places in a worker: up to a second for a large box."""
        state = self._state
        if state is None:
            return
        self._turn += 1
        if state.found is None or state.found.thresholds != state.mask.thresholds:
            self._panel.show_places(None)
            uncertain = state.found.uncertain if state.found is not None else None
            thresholds = dict(state.mask.thresholds)
            in_worker(
                *(find, self._turn, state.segmentation, thresholds, uncertain),
                done=self._on_found,
            )
        else:
            self._panel.show_places(state.found.places)
            self.ready.emit()

    @Slot(object)
    def _on_found(self, found: Found | str) -> None:
        state = self._state
        if state is None or not isalive(self._panel):
            return
        if isinstance(found, str):
            self._panel.show_note(found)
            self._panel.show_places(())
            return
        if found.turn == self._turn:
            state.found = found
            self._panel.show_places(found.places)
            self._show_box(state)
            self.ready.emit()

    @Slot(bool)
    def _on_uncertainty(self, on: bool) -> None:
        state = self._state
        if state is None or state.found is None or self._layer is None:
            return
        state.wanted = on
        if state.shown is not None:
            state.shown.visible = on
        elif on:
            state.shown = self._add_map(state, self._layer)
            self._viewer.layers.selection.active = self._layer  # what is edited stays in hand

    def _add_map(self, state: State, mask: Labels) -> Image:
        maps, info, found = state.segmentation.probabilities, info_in(mask.metadata), state.found
        assert maps is not None and found is not None
        values = maps.spread(found.uncertain.values)
        study = info.study if info is not None else mask.name
        home = info.home if info is not None else None
        made = uncertainty_layer(values, state.grid, study, found.uncertain.limit, home)
        layer = make_layer(made)
        index = self._viewer.layers.index(mask) if mask in self._viewer.layers else None
        if index is None:
            self._viewer.add_layer(layer)
        else:
            self._viewer.layers.insert(index, layer)  # below the mask
        layer.events.visible.connect(self._on_visible)
        return layer

    def _on_visible(self, event: Any = None) -> None:
        """Follow the eye in the list of layers."""
        state = self._state
        if isalive(self) and state is not None and state.shown is not None:
            state.wanted = bool(state.shown.visible)
            self._show_box(state)

    @Slot(object)
    def _on_place(self, place: Place) -> None:
        if (state := self._state) is not None:
            look_at(self._viewer, state.grid, place.point_mm)

    def _on_removed(self, event: Any) -> None:
        if not isalive(self):
            return
        gone = event.value
        for mask, state in list(self._states.items()):
            if state.shown is gone:
                state.shown, state.wanted = None, False
                if state is self._state:
                    self._show_box(state)
            elif mask is gone and state.shown is not None:
                shown, state.shown = state.shown, None
                if shown in self._viewer.layers:
                    self._viewer.layers.remove(shown)
        if gone is self._layer:
            self.follow(None)
