"""What adds a layer to the window, or takes another mask: how long that holds it up.

Not a benchmark itself: `correct_gui` imports it. Beside the Correct panel's rows stands what napari
alone takes to add a layer.
"""

from __future__ import annotations

import numpy as np
from held import Blocks, held_row
from napari.layers import Layer
from qtpy.QtTest import QSignalSpy, QTest
from qtpy.QtWidgets import QCheckBox, QPushButton


def layer_rows(dock, mask, rounds: int) -> list[dict[str, object]]:
    """Return how long what adds a layer, and what takes one back, holds up the main thread."""
    described = np.roll(mask.data, 3, 1), place_of(mask), "labels"
    other = dock.viewer.add_layer(Layer.create(*described))
    dock.target.choose(mask)
    QSignalSpy(dock.measuring.measured).wait(120_000)
    names = ("only_changed", "compare", "draw_outline", "draw_diameters", "show_range", "undo")
    found = {name: ([], []) for name in names}
    for _ in range(rounds):
        for name, (blocks, cpus) in found.items():
            there = list(dock.viewer.layers)
            if name in ("only_changed", "undo"):
                mask.data_setitem(tuple(np.array([i, i + 1]) for i in (5, 5, 5)), 1)
            QTest.qWait(700)
            shown = QSignalSpy(dock.differences.shown)
            widget = dock.panel.findChild((QPushButton, QCheckBox), name)
            with Blocks() as seen:
                widget.click()
                if name in ("only_changed", "compare"):
                    assert len(shown) or shown.wait(60_000), name
                QTest.qWait(300)
            blocks.append(seen.longest_ms)
            cpus.append(seen.cpu_ms)
            if name in ("show_range", "only_changed"):
                widget.click()
            for layer in set(dock.viewer.layers) - set(there):
                dock.viewer.layers.remove(layer)
            if name == "only_changed":
                mask.undo()
            dock.target.choose(mask)
            QTest.qWait(500)
    dock.viewer.layers.remove(other)
    return [held_row(name, *times) for name, times in found.items()]


def control_rows(dock, mask, rounds: int) -> list[dict[str, object]]:
    """Return how long napari alone takes to add a layer of a kind."""
    rows = []
    place = place_of(mask)
    for kind in ("labels", "image", "shapes"):
        blocks, cpus = [], []
        for _ in range(rounds):
            data = np.roll(mask.data, 3, 1) if kind != "shapes" else None
            more = {"ndim": 3} if kind == "shapes" else {}
            more |= {"contrast_limits": (0, 4)} if kind == "image" else {}
            layer = Layer.create(data, {**place, **more}, kind)
            QTest.qWait(300)
            with Blocks() as seen:
                dock.viewer.add_layer(layer)
                QTest.qWait(300)
            blocks.append(seen.longest_ms)
            cpus.append(seen.cpu_ms)
            dock.viewer.layers.remove(layer)
            QTest.qWait(500)
        rows.append(held_row(f"control: napari adds a {kind} layer", blocks, cpus))
    return rows


def chosen_row(dock, mask, rounds: int) -> dict[str, object]:
    """Return how long choosing a mask that the panel has not seen holds up the main thread."""
    blocks, cpus = [], []
    for _ in range(rounds):
        dock.target.choose(mask)
        described = mask.data.copy(), {**place_of(mask), "name": "other"}, "labels"
        other = dock.viewer.add_layer(Layer.create(*described))
        dock.viewer.layers.selection.active = dock.viewer.layers[0]
        QTest.qWait(500)
        with Blocks() as seen:
            dock.target.choose(other)
            QSignalSpy(dock.measuring.measured).wait(120_000)
        blocks.append(seen.longest_ms)
        cpus.append(seen.cpu_ms)
        dock.viewer.layers.remove(other)
        QSignalSpy(dock.measuring.measured).wait(120_000)
    return held_row("choosing a mask, until it is measured", blocks, cpus)


def place_of(mask) -> dict[str, object]:
    return {"scale": mask.scale, "translate": mask.translate, "units": mask.units}
