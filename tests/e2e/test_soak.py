"""Run after run in one process: nothing piles up. The loop is that of benchmarks/soak.py."""

from __future__ import annotations

import sys
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from conftest import REPO
from widgets.fakes import FakeJob

from napari_acs.imaging import Grid
from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.viewer.info import LayerInfo
from napari_acs.viewer.layers import image_layer
from napari_acs.widgets.catalogue import Catalogue, ModelChoice
from napari_acs.widgets.dock import SegmentDock

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="memory and threads are read from /proc, as Linux has it"
)
MS = 60_000
BIG = Grid((96, 96, 96), (1, 1, 1), (0, 0, 0), (1, 0, 0, 0, 1, 0, 0, 0, 1))


@pytest.fixture
def soak(monkeypatch):
    monkeypatch.syspath_prepend(str(REPO / "benchmarks"))
    import soak  # noqa: PLC0415

    return soak


def dock_in(viewer, qtbot, **parts):
    dock = SegmentDock(viewer, **parts)
    with qtbot.waitSignal(dock.ready, timeout=MS):
        viewer.window.add_dock_widget(dock, name="Segment")
    return dock


def one_image():
    voxels = np.random.default_rng(0).normal(100, 10, BIG.shape).astype(np.float32)
    return [image_layer(voxels, LayerInfo(BIG, None, "case", "t1"), "T1 case")]


def quick(request, cancelled):
    yield from FakeJob()(request, cancelled)  # one for all would remember every request


def assert_flat(readings, pool=0):
    """Least of the first half and of the second: a pool's thread, and its file, comes and goes.

    On a busy machine jobs overlap, and the pool keeps a thread more through all of a half: over
    many runs ``pool`` of them are none of ours, as a thread or file left by every run shows anyhow.
    """
    half = len(readings) // 2
    first, last = readings[:half], readings[half:]
    assert readings[-1].layers == 0
    for what in ("files", "python_threads"):
        least, then = (min(getattr(one, what) for one in part) for part in (first, last))
        assert then <= least + pool, (what, readings)
    assert readings[-1].threads <= readings[0].threads + 2  # Qt's pool, again


def test_a_few_runs_leave_nothing(make_napari_viewer, qtbot, soak):
    """A made-up job on an image of 3.4 MiB: one image or mask held in every run would be seen."""
    viewer = make_napari_viewer()
    listed = Catalogue((ModelChoice("m", "Model", GLIOMA_OUTPUT),), "m", ("auto", "cpu"))
    dock = dock_in(viewer, qtbot, job=quick, catalogue=lambda: listed, check=lambda *_: ())
    readings = soak.soak(viewer, dock, 7, one_image)
    assert_flat(readings[2:])
    # the middle one: a cache that fills once is no leak, what is held in every run is
    rises = [later.held_mib - earlier.held_mib for earlier, later in pairwise(readings)]
    assert median(rises) < 0.5, readings


@pytest.mark.slow
def test_many_runs_with_the_bundled_network_leave_nothing(make_napari_viewer, qtbot, soak):
    viewer = make_napari_viewer()
    dock = dock_in(viewer, qtbot)
    dock.panel._device.value = "cpu"
    # Memory settles within twenty runs: see docs/performance.md. After that forty are counted, so
    # that plateaus of the allocator tilt the line little.
    readings = soak.soak(viewer, dock, 60)[20:]
    held = [reading.held_mib for reading in readings]
    assert_flat(readings, pool=2)
    assert soak.slope(held) < 1, held
