"""Images with meaningless names, opened through real widgets: what each seems to be is proposed."""

# ruff: noqa: PLC0415 - napari's settings are set by conftest first
from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
from napari.layers import Image
from qtpy.QtWidgets import QComboBox
from widgets.fakes import FakeCheck, FakeJob, FakePrepare

from napari_acs.imaging import SEQUENCES, sample_study
from napari_acs.imaging.identify.guess import SequenceGuess
from napari_acs.viewer.info import info_in

MS = 60_000
NAMES = {"t2": "a", "flair": "b", "t1": "c", "t1ce": "d"}


@pytest.fixture(scope="module")
def nameless(tmp_path_factory):
    """Write the sample study as a.nii.gz ... d.nii.gz."""
    folder = tmp_path_factory.mktemp("nameless") / "patient"
    folder.mkdir()
    for key, volume in sample_study().sequences.items():
        image = sitk.GetImageFromArray(volume.array)
        image.SetSpacing(volume.grid.spacing)
        image.SetOrigin(volume.grid.origin)
        image.SetDirection(volume.grid.direction)
        sitk.WriteImage(image, str(folder / f"{NAMES[key]}.nii.gz"))
    return folder


@pytest.fixture
def looking_dock(viewer, qtbot):
    """Return a dock that looks at images as it does for a user."""
    from napari_acs.models.spec import GLIOMA_OUTPUT
    from napari_acs.widgets.catalogue import Catalogue, ModelChoice
    from napari_acs.widgets.dock import SegmentDock

    catalogue = Catalogue((ModelChoice("m", "Model", GLIOMA_OUTPUT),), "m", ("auto", "cpu"))
    dock = SegmentDock(
        viewer, FakeJob(), lambda: catalogue, check=FakeCheck(), prepare=FakePrepare()
    )
    with qtbot.waitSignal(dock.ready, timeout=MS):
        viewer.window.add_dock_widget(dock, name="Segment")
    return dock


def chosen(dock):
    return {key: layer for key, layer in dock.panel.sequences.selected().items() if layer}


def test_a_folder_whose_names_say_nothing_opens_as_a_study(nameless, looking_dock, viewer, qtbot):
    with qtbot.waitSignal(looking_dock.opener.opened, timeout=MS):
        looking_dock.opener.open([str(nameless)])
    found = {key: info_in(layer.metadata) for key, layer in chosen(looking_dock).items()}
    assert list(found) == list(SEQUENCES)
    for key, info in found.items():
        assert info.source.name == f"{NAMES[key]}.nii.gz"
        assert "the image looks like" in info.guess.reason
    assert looking_dock.said == ""


def test_files_whose_names_say_nothing_are_proposed_soon_after(
    nameless, looking_dock, viewer, qtbot
):
    with qtbot.waitSignal(looking_dock.recognising.recognised, timeout=MS):
        looking_dock.opener.open([str(file) for file in sorted(nameless.iterdir())])
    assert {key: layer.name for key, layer in chosen(looking_dock).items()} == NAMES
    sure = looking_dock.panel.sequences.findChild(object, "sure_flair")
    assert sure.text().endswith("%")
    assert "FLAIR" in sure.toolTip() and "looks like" in sure.toolTip()


def test_a_layer_of_another_reader_is_looked_at_and_the_users_choice_stays(
    looking_dock, viewer, qtbot
):
    volume = sample_study().sequences["flair"]
    data = np.asarray(volume.array)
    scale = volume.grid.spacing[::-1]
    with qtbot.waitSignal(looking_dock.recognising.recognised, timeout=MS):
        layer = viewer.add_layer(Image(data, name="image", scale=scale))
    assert chosen(looking_dock) == {"flair": layer}
    box = looking_dock.findChild(QComboBox, "sequence_flair")
    box.setCurrentIndex(box.findText("none"))
    viewer.add_layer(Image(np.zeros((2, 3)), name="a picture"))
    qtbot.wait(700)
    assert chosen(looking_dock) == {}, "what the user said is not said again"


def test_each_layer_is_looked_at_once_and_those_with_names_never(viewer, qtbot, add):
    from napari_acs.widgets.recognising import Recognising

    asked = []

    def recognise(shots):
        asked.append(sorted(shot.name for shot in shots.values()))
        return {key: SequenceGuess(None, 0.9, "nothing", "classifier") for key in shots}

    looking = Recognising(recognise, viewer.window._qt_window)
    layers = [add("T1 case"), add("one"), add("two"), add("soft", sequence="t2")]
    with qtbot.waitSignal(looking.recognised, timeout=MS):
        looking.look_at(layers[:2])
        looking.look_at(layers)
    looking.look_at(layers)
    qtbot.wait(700)
    assert asked == [["one", "two"]]


def test_a_look_that_fails_leaves_a_reason(viewer, qtbot, add):
    from napari_acs.viewer.info import guess_in
    from napari_acs.viewer.snapshot import snapshot_layers
    from napari_acs.widgets.recognising import recognise_layers

    layer = add("one")
    shot = snapshot_layers({"t1": layer}).layers["t1"]
    object.__setattr__(shot, "data", np.zeros((1, 1, 1)))
    guess = recognise_layers({7: shot})[7]
    assert (guess.sequence, guess.confidence) == (None, 0.0)
    assert "ValueError" in guess.reason
    assert guess_in(layer.metadata) is None


def test_the_panel_and_napari_start_without_torch():
    code = (
        "import sys, napari_acs.viewer.reader, napari_acs.viewer.info;"
        "import napari_acs.inference.sequence_classifier; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
