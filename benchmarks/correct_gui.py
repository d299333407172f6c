"""How long the window stands still while a mask is corrected: strokes and tools, on BraTS's grid.

    OMP_NUM_THREADS=1 scripts/with-display python benchmarks/correct_gui.py [--large] [--json OUT]

A stroke is timed from the mouse's move to the pixels that napari hands to the graphics card. The
longest block of a tool is the longest time between two ticks of a timer in the main thread, from
the click to the result in the layer; beside it stand the processor time of the main thread in its
longest block, which other work on the machine hardly changes, and the time that the user waits.
The control is a refresh of the layer by napari alone, which draws the window anew; without a
graphics card that is most of it. On the shared case where it is, else on a phantom of
240 x 240 x 155 voxels; with --large on one of 512 x 512 x 300.
"""

from __future__ import annotations

import argparse
import os
import statistics
from functools import partial
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import napari
import numpy as np
from correct import SIZES, phantom
from correct_layers import chosen_row, control_rows, layer_rows
from held import Blocks, held_row
from measure import write
from napari.layers import Layer
from qtpy.QtTest import QSignalSpy, QTest
from qtpy.QtWidgets import QApplication, QCheckBox, QPushButton
from superqt import QLabeledDoubleSlider

from napari_acs.imaging import Grid, read_labels, read_study
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer, labels_layer
from napari_acs.widgets.correct_dock import CorrectDock

DATA = Path(os.environ.get("NAPARI_ACS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CASE = DATA / "brats2021" / "BraTS2021_01479"
TOOLS = (
    *("fill_slice", "fill_3d", "keep_largest", "smooth", "grow", "shrink"),
    *("copy_next", "copy_previous", "between", "find_islands", "remove_islands", "revert_all"),
    SMART := "smart_erase",
)
MOVES = 60
AXES = (1, 0, 0, 0, 1, 0, 0, 0, 1)
SMALL, LARGE = SIZES.values()


def layers(*, large: bool):
    """Return a study and a mask as layers."""
    if CASE.is_dir() and not large:
        study = read_study(CASE)
        volume = study.sequences["t1ce"]
        labels = np.minimum(read_labels(next(CASE.glob("*_seg.nii.gz"))).array, 3).astype(np.uint8)
        array, grid, name = volume.array, volume.grid, "t1ce of a BraTS case"
    else:
        shape, spacing = LARGE if large else SMALL
        labels, array = phantom(shape, spacing)
        grid, name = Grid(shape[::-1], spacing[::-1], (0, 0, 0), AXES), "t1ce of a phantom"
    info = LayerInfo(grid, None, "case", "t1ce")
    return [
        Layer.create(*image_layer(array, info, name)),
        Layer.create(*labels_layer(labels, LayerInfo(grid, None, "case"), "mask")),
    ]


def strokes(dock, mask, radius_mm: float, ball: bool) -> list[float]:
    """Return the milliseconds of each move of one long stroke."""
    dock.panel.findChild(QLabeledDoubleSlider, "radius").setValue(radius_mm)
    dock.panel.findChild(QCheckBox, "ball").setChecked(ball)
    at = np.argwhere(mask.data == 3).mean(axis=0).round()
    dock.viewer.dims.point = mask.data_to_world(at)
    dock.panel.findChild(QPushButton, "paint").click()
    (press,) = [one for one in mask.mouse_drag_callbacks if one is dock.mouse.brush]
    event = press_at(dock, mask.data_to_world(at))
    times = []
    gesture = press(mask, event)
    for step in range(MOVES + 1):
        turn = step / 8
        event.position = mask.data_to_world(at + 30 * np.array([0, np.sin(turn), np.cos(turn)]))
        began = perf_counter()
        next(gesture)
        times.append(1000 * (perf_counter() - began))
        event.type = "mouse_move"
        QApplication.processEvents()
    event.type = "mouse_release"
    next(gesture, None)
    mask.undo()
    dock.panel.findChild(QPushButton, "paint").click()
    return times[1:]


def press_at(dock, position) -> SimpleNamespace:
    """Return the event of a press of the mouse, as napari's canvas tells the layer."""
    dims = dock.viewer.dims
    return SimpleNamespace(
        type="mouse_press",
        button=1,
        modifiers=(),
        position=position,
        dims_displayed=list(dims.displayed),
        dims_point=list(dims.point),
    )


def smart_click(dock, mask, at) -> None:
    """Click into the tumour with a reach of 15 mm in 3D."""
    (press,) = mask.mouse_drag_callbacks[-1:]
    next(press(mask, press_at(dock, at)))


def tool_row(dock, mask, tool: str, rounds: int) -> dict[str, object]:
    """Return how long a tool holds up the main thread, and the user."""
    blocks, cpus, waits = [], [], []
    for _ in range(rounds):
        before = mask.data.copy()
        if tool == "remove_islands":  # those that are listed
            listed = QSignalSpy(dock.finished)
            dock.panel.findChild(QPushButton, "find_islands").click()
            assert len(listed) or listed.wait(60_000)
        spy = QSignalSpy(dock.finished)
        button = dock.panel.findChild(QPushButton, tool)
        button.setEnabled(True)  # also where there is nothing to remove
        begin = button.click
        if tool == SMART:
            if not button.isChecked():
                button.click()
            at = np.argwhere(mask.data == 3).mean(axis=0).round()
            begin = partial(smart_click, dock, mask, mask.data_to_world(at))
        with Blocks() as seen:
            began = perf_counter()
            begin()
            assert len(spy) or spy.wait(60_000), tool
            waits.append(1000 * (perf_counter() - began))
            QApplication.processEvents()
        blocks.append(seen.longest_ms)
        cpus.append(seen.cpu_ms)
        if not np.array_equal(before, mask.data):
            mask.undo()
        QTest.qWait(200)
    return {
        "what": tool,
        "block_ms": round(statistics.median(blocks), 1),
        "longest_block_ms": round(max(blocks), 1),
        "cpu_ms": round(statistics.median(cpus), 1),
        "longest_cpu_ms": round(max(cpus), 1),
        "wait_ms": round(statistics.median(waits), 1),
    }


def refresh_row(mask, rounds: int) -> dict[str, object]:
    """Return the control: how long napari takes to draw the window anew."""
    blocks, cpus = [], []
    for _ in range(rounds):
        with Blocks() as seen:
            mask.refresh()
            QTest.qWait(500)
        blocks.append(seen.longest_ms)
        cpus.append(seen.cpu_ms)
    return held_row("control: napari's refresh of the layer", blocks, cpus)


def measures_row(dock, mask, rounds: int) -> dict[str, object]:
    """Return how long what follows an edit holds up the main thread."""
    blocks, cpus = [], []
    for _ in range(rounds):
        with Blocks() as seen:
            mask.data_setitem(tuple(np.array([i]) for i in (5, 5, 5)), 1)
            QSignalSpy(dock.measuring.measured).wait(60_000)
        blocks.append(seen.longest_ms)
        cpus.append(seen.cpu_ms)
        mask.undo()
        QSignalSpy(dock.measuring.measured).wait(60_000)
    return held_row("measures after an edit", blocks, cpus)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="tools, with a comma between")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="512 x 512 x 300 voxels")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    viewer = napari.Viewer(show=True)
    for layer in layers(large=options.large):
        viewer.add_layer(layer)
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct")
    mask = dock.target.layer
    QSignalSpy(dock.measuring.measured).wait(120_000)
    rows = []
    for radius, ball in ((5.0, False), (15.0, False), (5.0, True), (15.0, True)):
        times = sorted(strokes(dock, mask, radius, ball))
        rows.append(
            {
                "what": f"stroke, {'ball' if ball else 'disc'} of {radius:g} mm radius, a move",
                "median_ms": round(statistics.median(times), 2),
                "longest_ms": round(times[-1], 2),
            }
        )
    QTest.qWait(5000)  # until all is measured
    chosen = [tool for tool in options.only.split(",") if tool]
    rows += [tool_row(dock, mask, tool, options.rounds) for tool in chosen or TOOLS]
    rows.append(refresh_row(mask, options.rounds))
    rows.append(measures_row(dock, mask, options.rounds))
    rows += layer_rows(dock, mask, options.rounds)
    rows += control_rows(dock, mask, options.rounds)
    rows.append(chosen_row(dock, mask, options.rounds))
    for row in rows:
        print(", ".join(f"{key} {value}" for key, value in row.items()))
    write(rows, options.json)
    viewer.close()


if __name__ == "__main__":
    main()
