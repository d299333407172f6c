"""A day in one window: a session, Segment, Correct, Classify, decide, report."""

from __future__ import annotations

import json

import numpy as np
from e2e.test_review_case import command, five_studies
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_acs.inference.messages import Failure
from napari_acs.review.session.session import read_session

MS = 180_000


def test_segment_correct_classify_decide_reopen_and_report(
    make_napari_viewer, acs_plugin, qtbot, tmp_path
):
    folder = tmp_path / "studies"
    folder.mkdir()
    file = tmp_path / "day.review"
    made = command("review", "new", str(file), str(five_studies(folder)), "--rater", "ann")
    assert made.returncode == 0, made.stderr
    viewer = make_napari_viewer()
    docks = {
        name: viewer.window.add_plugin_dock_widget("napari-acs", name)[1]
        for name in ("Review", "Segment", "Correct", "Classify")
    }
    review, segment = docks["Review"], docks["Segment"]
    qtbot.waitUntil(lambda: segment.panel.model_id is not None, timeout=MS)
    qtbot.waitUntil(lambda: docks["Classify"].panel.spec is not None, timeout=MS)

    def click(dock, name):
        button = dock.findChild(QPushButton, name)
        assert button.isEnabled(), f"{name}: {review.said}"
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def run(name, button):
        with qtbot.waitSignal(docks[name].finished, timeout=MS) as heard:
            click(docks[name], button)
        assert not any(isinstance(part, Failure) for part in heard.args), docks[name].said
        return heard.args[-1]

    def settle():
        done = []
        review.cases.keeper.ask(lambda: None, done=done.append)
        qtbot.waitUntil(lambda: bool(done), timeout=MS)

    with qtbot.waitSignal(review.complete, timeout=MS):  # a model needs every sequence
        review.panel.start.open.emit(file)
    mask = review.cases.screen.mask

    # a model's mask beside the reader's, and in its place
    run("Segment", "segment")
    with qtbot.waitSignal(review.others.taken, timeout=MS):
        click(review, "take")
    review._confirm = lambda *_: True
    with qtbot.waitSignal(review.saved, timeout=MS, check_params_cb=lambda s: s.changed):
        click(review, "replace")
    assert mask.data.any()

    # four tools, each of them in the file
    viewer.layers.selection.active = mask
    correct = docks["Correct"]
    assert correct.target.layer.name == mask.name
    for tool in ("grow", "fill_slice", "smooth", "shrink"):
        run("Correct", tool)
    review.cases.save()
    settle()
    corrected = np.array(mask.data)

    classified = run("Classify", "classify").classification
    click(review, "correct")
    settle()
    review.close_session()
    settle()

    with qtbot.waitSignal(review.begun, timeout=MS):
        review.panel.start.open.emit(file)
    assert review.cases.item == 1
    assert np.array_equal(review.cases.screen.mask.data, corrected)
    review.close_session()
    settle()

    item = read_session(file).items[1]
    assert item.status == "corrected"
    assert item.classification["named"] == list(classified.named)
    page, record = tmp_path / "report.html", tmp_path / "report.json"
    done = command("review", "report", str(file), "--out", str(page), "--json", str(record))
    assert done.returncode == 0, done.stderr
    told = json.loads(record.read_text())["cases"][0]
    assert told["classification"]["probabilities"].keys() == classified.probabilities.keys()
    assert told["begun"]["costs"]["WT"]["dice"] < 1
    text = page.read_text()
    assert "Research only. Not a medical device" in text and "passed" in text
    for secret in (str(folder), "BraTS2021", ".nii"):
        assert secret not in text
