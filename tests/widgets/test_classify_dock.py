"""The Classify panel, clicked, with the bundled demo classifier on the sample."""

# ruff: noqa: PLC0415
from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QComboBox, QPushButton

from napari_acs.inference.classification import Classified
from napari_acs.inference.messages import Failure

WAIT = 60_000


@pytest.fixture
def dock(make_napari_viewer, qtbot, tmp_path):
    from napari.layers import Layer

    from napari_acs.viewer.sample import phantom_with_mask
    from napari_acs.widgets.classify_dock import ClassifyDock

    viewer = make_napari_viewer()
    for parts in phantom_with_mask():
        viewer.add_layer(Layer.create(*parts))
    dock = ClassifyDock(viewer, ask=lambda _, name: tmp_path / name)
    with qtbot.waitSignal(dock.ready, timeout=WAIT):
        viewer.window.add_dock_widget(dock, name="Classify")
    return dock


def click(dock, name: str) -> None:
    dock.panel.findChild(QPushButton, name).click()


def outcome(dock, qtbot, name: str = "classify"):
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, name)
    return heard.args[0]


def mask_layer(dock):
    return next(layer for layer in dock.viewer.layers if layer._type_string == "labels")


def test_card_export_and_reclassify_after_painting(dock, qtbot, tmp_path):
    end = outcome(dock, qtbot)
    assert isinstance(end, Classified), dock.said
    card = dock.panel.card
    assert card.sentence.text() == end.classification.sentence()
    shown = {bar.value for bar in card.bars.bars}
    assert shown == set(end.classification.probabilities.values())
    click(dock, "copy")
    assert "Research only" in QApplication.clipboard().text()
    click(dock, "json")
    text = (tmp_path / "classification.json").read_text()
    layer = mask_layer(dock)
    assert json.loads(text) == json.loads(json.dumps(layer.metadata["napari_acs_classification"]))
    assert "phantom_mask.nii" not in text
    click(dock, "csv")
    header, line = (tmp_path / "classification.csv").read_text().splitlines()
    assert len(header.split(",")) == len(line.split(","))

    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        layer.data_setitem(np.nonzero(np.asarray(layer.data) == layer.data.max()), 0)
    after = heard.args[0].classification.probabilities
    for name, p in end.classification.probabilities.items():
        assert f"{name} {p:.2f} -> {after[name]:.2f}" in card.moved.text()


def test_bad_masks_are_refused_in_a_sentence(dock, qtbot):
    layer = mask_layer(dock)
    dock.panel.region.setCurrentIndex(0)
    assert isinstance(outcome(dock, qtbot), Failure)
    assert "mask" in dock.said
    dock.panel.region.setCurrentIndex(dock.panel.region.count() - 1)
    layer.data = np.zeros_like(layer.data)
    assert isinstance(outcome(dock, qtbot), Failure)
    assert "empty" in dock.said.lower() or "no " in dock.said.lower()


def test_a_closed_layer_drops_its_result(dock, qtbot):
    click(dock, "classify")
    dock.viewer.layers.remove(mask_layer(dock))
    assert dock.runner.request is None
    assert "was closed" in dock.said
    qtbot.wait(1500)
    assert dock.panel.card.isHidden()


def test_cancel_and_an_abstaining_card_and_the_explanation(dock, qtbot):
    from napari_acs.inference.classification import Classification, Outlier
    from napari_acs.inference.explain.job import Explained
    from napari_acs.inference.explain.occlusion import Occlusion
    from napari_acs.inference.messages import Progress

    classes = dock.panel.spec.classes
    names = [one.name for one in classes]
    even = dict.fromkeys(names, 1 / len(names))
    far = Outlier(9.0, 3.0, True, "Far from the images of training.")
    unsure = Classification(classes, even, (), 0.9, {}, tuple(names), 0.9, far)
    held = {"on": True}

    def job(request, cancelled):
        while held["on"] and not cancelled():
            yield Progress(0, 1, "prepare", 0.5)
        if cancelled():
            yield Failure("Cancelled", "", "Nothing was changed", "cancelled")
        elif request.target is None:
            yield Classified(unsure)
        else:
            cam = np.ones(request.study.volumes()["t1"].array.shape, np.float32)
            row = Occlusion("ET", "without ET", {request.target: 0.2}, {request.target: -0.3})
            yield Explained(request.target, cam, (row,), ("A hint.",), {})

    dock.runner._job = job
    click(dock, "classify")
    assert outcome(dock, qtbot, "cancel").kind == "cancelled"
    assert dock.panel.card.isHidden()
    held["on"] = False
    outcome(dock, qtbot)
    card = dock.panel.card
    assert card.sentence.text().startswith("No class is named")
    assert "coverage 90%" in card.likely.text()
    assert card.outlier.text() == far.reason
    outcome(dock, qtbot, "why")
    layer = next(one for one in dock.viewer.layers if one.name.startswith(f"why {names[0]}"))
    assert card.why_notes.text() == "A hint."
    assert tuple(layer.contrast_limits) == (0, 1)
    assert np.allclose(layer.scale, mask_layer(dock).scale)
    assert [bar.value for bar in card.occlusion.bars] == [-0.3]


def test_the_real_explanation_lies_on_the_study_and_replaces_the_one_before(dock, qtbot):
    said = outcome(dock, qtbot)
    target = said.classification.named[0]
    dock.viewer.layers.selection.active = mask_layer(dock)
    for _ in range(2):
        end = outcome(dock, qtbot, "why")
        assert dock.viewer.layers.selection.active is mask_layer(dock)
        assert end.target == target, dock.said
    (layer,) = [one for one in dock.viewer.layers if one.name.startswith("why ")]
    image = next(one for one in dock.viewer.layers if one._type_string == "image")
    np.testing.assert_array_equal(layer.extent.world, image.extent.world)
    assert 0.5 < float(np.max(layer.data)) <= 1
    bars = {bar.title: bar.value for bar in dock.panel.card.occlusion.bars}
    rows = {row.title: row.change[target] for row in end.occlusions}
    assert bars == rows
    assert "without tumour core" in bars
    assert not dock.panel.card.isHidden(), "a map is no other study"


def test_a_card_goes_with_its_study(dock, qtbot):
    from napari.layers import Layer

    from napari_acs.viewer.info import KEY, LayerInfo, info_in
    from napari_acs.viewer.layers import image_layer

    outcome(dock, qtbot)
    assert dock.panel.card.study.text().startswith("Study: ")
    own = next(one for one in dock.viewer.layers if one._type_string == "image")
    grid = info_in(own.metadata).grid
    info = LayerInfo(grid, None, "another", "t1")
    dock.viewer.add_layer(
        Layer.create(*image_layer(np.ones(grid.shape, np.float32), info, "another_t1"))
    )
    assert dock.panel.card.isHidden()
    assert dock.panel.region.currentText() == "Whole brain", "whose the open mask is, is not known"
    assert isinstance(outcome(dock, qtbot), Failure), "no mask, no t1ce"
    mask = mask_layer(dock)
    known = replace(info_in(mask.metadata), study="Digital phantom (not a patient)")
    mask.metadata = {**mask.metadata, KEY: known}
    mask.name = "somebody else's mask"
    titles = [dock.panel.region.itemText(i) for i in range(dock.panel.region.count())]
    assert titles == ["Whole brain"], "the other patient's mask, though on the same grid"


def test_undoing_an_edit_classifies_again(dock, qtbot):
    first = outcome(dock, qtbot)
    layer = mask_layer(dock)
    with qtbot.waitSignal(dock.finished, timeout=WAIT):
        layer.data_setitem(np.nonzero(np.asarray(layer.data) == layer.data.max()), 0)
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        layer.undo()
    again = heard.args[0].classification.probabilities
    assert again == pytest.approx(dict(first.classification.probabilities), abs=1e-5)


def test_a_missing_sequence_and_a_mask_on_another_grid_are_sentences(dock, qtbot):
    dock.viewer.layers.remove(dock.panel.sequences.selected()["t1ce"])
    assert isinstance(outcome(dock, qtbot), Failure)
    assert "t1ce" in dock.said.lower()
    dock.viewer.add_labels(np.ones((9, 9, 9), np.uint8), name="elsewhere")
    dock.panel.region.setCurrentIndex(dock.panel.region.count() - 1)
    click(dock, "classify")
    assert "elsewhere" in dock.said
    assert dock.runner.request is None


def test_a_study_that_the_check_calls_red_is_not_classified(dock, qtbot):
    chosen = dock.panel.sequences.selected()
    chosen["t1ce"].data = np.asarray(chosen["t1"].data).copy()  # one image in two places
    end = outcome(dock, qtbot)
    assert isinstance(end, Failure)
    assert "is not classified" in dock.said
    assert dock.panel.card.isHidden()


def test_the_chosen_device_is_asked(dock, qtbot):
    """Two devices are offered here at least; what was chosen goes with the request."""
    box = dock.panel.findChild(QComboBox, "device")
    assert [box.itemData(i) for i in range(box.count())][0] == "auto" and box.findData("cpu") > 0
    asked = []

    def job(request, cancelled):
        asked.append(request.device)
        yield Failure("Cancelled", "", "", "cancelled")

    dock.runner._job = job
    outcome(dock, qtbot)
    box.setCurrentIndex(box.findData("cpu"))
    dock.panel.show_devices(("auto", "cuda", "cpu"))
    outcome(dock, qtbot)
    assert asked == ["auto", "cpu"]
