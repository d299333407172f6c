"""A real dock in a real viewer; only the computing is made up, and can be held up.

napari is imported inside the fixtures: this file may be loaded before the settings of the run
are set (see tests/conftest.py).
"""

# ruff: noqa: PLC0415
from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from widgets.fakes import GRID, FakeCheck, FakeJob, FakePrepare, not_looked_at
from widgets.review_studies import make as make_review

from napari_acs.imaging import Grid
from napari_acs.review.session import log


@pytest.fixture
def job() -> FakeJob:
    return FakeJob()


@pytest.fixture
def check() -> FakeCheck:
    return FakeCheck()


@pytest.fixture
def prepare() -> FakePrepare:
    return FakePrepare()


@pytest.fixture
def saved_to(tmp_path):
    return tmp_path / "mask.nii.gz"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


@pytest.fixture
def dock(viewer, qtbot, job, saved_to, check, prepare):
    from napari_acs.models.spec import GLIOMA_OUTPUT
    from napari_acs.widgets.catalogue import Catalogue, ModelChoice
    from napari_acs.widgets.dock import SegmentDock

    catalogue = Catalogue((ModelChoice("m", "Model", GLIOMA_OUTPUT),), "m", ("auto", "cpu"))
    dock = SegmentDock(
        viewer, job, lambda: catalogue, lambda *_: saved_to, check, prepare, recognise=not_looked_at
    )
    with qtbot.waitSignal(dock.ready, timeout=20_000):
        viewer.window.add_dock_widget(dock, name="Segment")
    yield dock
    job.go.set()


@pytest.fixture
def add(viewer):
    """Add an image layer as our reader does; returns the layer."""
    from napari.layers import Layer

    from napari_acs.viewer.info import LayerInfo
    from napari_acs.viewer.layers import image_layer

    def add(name: str, grid: Grid = GRID, study: str = "case", sequence: str | None = None):
        array = np.random.default_rng(0).normal(100, 10, grid.shape).astype(np.float32)
        info = LayerInfo(grid, None, study, sequence)
        return viewer.add_layer(Layer.create(*image_layer(array, info, name)))

    return add


@pytest.fixture
def session(tmp_path) -> Path:
    """Return a review session of three made-up studies."""
    return make_review(tmp_path / "studies")


@pytest.fixture
def new_dock(make_napari_viewer, qtbot, tmp_path):
    from napari_acs.widgets.review_dock import ReviewDock

    def new_dock(viewer=None, **named) -> ReviewDock:
        viewer = viewer or make_napari_viewer()
        named = {"confirm": lambda *_: True, "ask": lambda _w, _t, n: tmp_path / n, **named}
        dock = ReviewDock(viewer, **named)
        viewer.window.add_dock_widget(dock, name="Review")
        return dock

    return new_dock


@pytest.fixture
def disk(monkeypatch):
    """Return a disk that can be full."""
    disk, real = SimpleNamespace(full=False), log.transaction

    @contextmanager
    def transaction(connection):
        if disk.full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
        with real(connection):
            yield

    monkeypatch.setattr(log, "transaction", transaction)
    return disk


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """Return the folder of a DICOM study, and its volumes."""
    from imaging.dicom.study import write_study

    folder = tmp_path_factory.mktemp("scans") / "DOE_JANE"
    return folder, write_study(folder)


@pytest.fixture
def choosing(dock):
    """Answer the table: change boxes (row to title) and press a button."""
    from napari_acs.widgets.series_chooser import SeriesChooser

    asked: list = []

    def answer(changes=None, accept=True):
        def ask(window, contents):
            asked.append(contents)
            chooser = SeriesChooser(contents.candidates, dict(contents.proposal), window)
            for title, use in (changes or {}).items():
                row = next(n for n, c in enumerate(contents.candidates) if c.title == title)
                box = chooser._boxes[row]
                box.setCurrentIndex(box.findText(use))
            return chooser.chosen() if accept else None

        dock.opener._ask_series = ask
        return asked

    return answer


@pytest.fixture
def nifti(tmp_path):
    """Return the folder of a study of two sequences and a mask."""
    import SimpleITK as sitk

    folder = tmp_path / "patient_7"
    folder.mkdir()
    for name in ("t1", "flair", "seg"):
        array = np.random.default_rng(0).integers(0, 3, (6, 7, 8)).astype(np.int16)
        sitk.WriteImage(sitk.GetImageFromArray(array), str(folder / f"p_{name}.nii.gz"))
    return folder
