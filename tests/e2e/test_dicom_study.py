"""From a scanner's folder to a DICOM SEG and back, as a user does it."""

from __future__ import annotations

import json
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from imaging.dicom.write import assert_names_nobody, write_series
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDialogButtonBox, QPushButton, QTableWidget
from typer.testing import CliRunner

from napari_acs.cli import app
from napari_acs.imaging import Grid, from_lps, sample_study
from napari_acs.viewer.info import info_in
from napari_acs.viewer.layers import GLIOMA_STYLES
from napari_acs.widgets.series_chooser import SeriesChooser

MS = 120_000
DESCRIPTIONS = {
    "t1": ("t1_se_tra", {"EchoTime": 12, "RepetitionTime": 550}),
    "t1ce": ("t1_se_tra +Gd", {"EchoTime": 12, "RepetitionTime": 550}),
    "t2": ("t2_tse_tra", {"EchoTime": 100, "RepetitionTime": 5000}),
    "flair": (
        "t2_tirm_tra_dark-fluid",
        {"EchoTime": 90, "RepetitionTime": 9000, "InversionTime": 2500},
    ),
}


@pytest.fixture
def scanned(tmp_path) -> Path:
    """Write the phantom as a scanner would, 2 mm slices, with a scout and a folder's name."""
    folder = tmp_path / "DOE_JANE"
    study = sample_study()
    for number, (key, volume) in enumerate(study.sequences.items(), start=2):
        grid = volume.grid
        array = np.round(volume.array[::2] * (1000 / volume.array.max())).astype(np.int16)
        x, y, _ = grid.size
        coarse = Grid(
            (x, y, len(array)),
            (*grid.spacing[:2], 2 * grid.spacing[2]),
            grid.origin,
            grid.direction,
        )
        description, tags = DESCRIPTIONS[key]
        write_series(
            folder / f"{number}", array, coarse, description=description, number=number, **tags
        )
    write_series(
        folder / "1",
        array[40:43],
        coarse.crop((slice(40, 43), slice(0, y), slice(0, x))),
        description="localizer",
        number=1,
    )
    return folder


@pytest.fixture
def viewer(make_napari_viewer, acs_plugin):
    return make_napari_viewer()


@pytest.fixture
def dock(viewer, qtbot):
    _, dock = viewer.window.add_plugin_dock_widget("napari-acs", "Segment")
    qtbot.waitUntil(lambda: dock.panel.model_id is not None, timeout=MS)
    dock.seen = []

    def choose(window, contents):
        chooser = SeriesChooser(contents.candidates, dict(contents.proposal), window)
        chooser.show()
        table = chooser.findChild(QTableWidget, "series")
        dock.seen = [
            [table.item(row, column).text() for column in range(1, table.columnCount())]
            for row in range(table.rowCount())
        ]
        dock.used = [b.currentText() for b in chooser.findChildren(QComboBox)]
        buttons = chooser.findChild(QDialogButtonBox)
        qtbot.mouseClick(
            buttons.button(QDialogButtonBox.StandardButton.Open), Qt.MouseButton.LeftButton
        )
        return chooser.chosen()

    dock.opener._ask_series = choose
    return dock


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_series_to_mask_to_seg_and_back(scanned, viewer, dock, qtbot, tmp_path):
    with qtbot.waitSignal(dock.opener.opened, timeout=MS):
        dock.opener.open([str(scanned)])
    assert sorted(dock.used) == sorted(["T1", "T1ce", "T2", "FLAIR", "not used"])
    assert any("localizer" in " ".join(row) for row in dock.seen)
    images = [layer for layer in viewer.layers if isinstance(layer, Image)]
    assert sorted(layer.name.split()[0] for layer in images) == ["FLAIR", "T1", "T1ce", "T2"]
    checker = dock.preparation.checker
    qtbot.waitUntil(lambda: not checker.waiting and bool(checker.lines), timeout=MS)
    assert dock.preparation.reds == ()

    with qtbot.waitSignal(dock.finished, timeout=MS):
        click(qtbot, dock, "segment")
    mask = viewer.layers.selection.active
    assert isinstance(mask, Labels), dock.said
    mask.selected_label = 3
    mask.paint((10, 60, 50), 3)
    home = info_in(mask.metadata)
    stored = from_lps(mask.data, home.grid)
    assert (stored == 3).any()

    target = tmp_path / "mask.dcm"
    dock.saver._ask_path = lambda *_: target
    dock.panel._convention.value = "1/2/3"
    with qtbot.waitSignal(dock.saver.saved, timeout=MS):
        click(qtbot, dock, "save")
    assert "Verified" in dock.said

    seg = highdicom.seg.segread(target)
    there = {seg.get_segment_description(n).segment_label: n for n in seg.segment_numbers}
    volume = seg.get_volume(combine_segments=False)
    for value, label in ((1, "NCR"), (2, "ED"), (3, "ET")):
        number = next(n for name, n in there.items() if name == _title(label))
        at = np.argwhere(volume.array[..., list(seg.segment_numbers).index(number)])
        points = volume.map_indices_to_reference(at)
        wanted = home.grid.index_to_point(np.argwhere(stored == value)[:, ::-1])
        assert _same_points(points, wanted), label

    sources = {
        pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID for path in home.dicom.files
    }
    (reference,) = seg.ReferencedSeriesSequence
    assert {i.ReferencedSOPInstanceUID for i in reference.ReferencedInstanceSequence} <= sources
    reopened = viewer.open(str(target), plugin="napari-acs")
    np.testing.assert_array_equal(reopened[0].data, mask.data)

    for text in (*(layer.name for layer in viewer.layers), dock.said.replace(str(target), "")):
        assert_names_nobody(text)
    assert_names_nobody(json.dumps(dict(home.provenance)))


def test_the_command_line_takes_the_folder_and_names_nobody(scanned, tmp_path):
    target, report = tmp_path / "mask.seg.nrrd", tmp_path / "report.json"
    done = CliRunner().invoke(
        app, ["segment", str(scanned), "--out", str(target), "--json", str(report)]
    )
    assert done.exit_code == 0, done.output
    assert "Verified" in done.output
    said = report.read_text().replace(json.dumps(str(target)), "")
    assert_names_nobody(said)
    assert_names_nobody(done.output.replace(str(target), "").replace(str(report), ""))
    assert json.loads(said.replace('"file": ,', ""))["study"].startswith("study-")


def _title(name: str) -> str:
    return next(style.title for style in GLIOMA_STYLES if style.name == name)


def _same_points(found, wanted) -> bool:
    one, other = (
        {tuple(row) for row in np.round(np.asarray(points), 2).tolist()}
        for points in (found, wanted)
    )
    return one == other
