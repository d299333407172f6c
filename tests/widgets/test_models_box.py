"""The model box: listed anew without a restart, and what cannot segment is refused in words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from threading import Event

import pytest
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.models.store import DEFAULT_ID, bundled_folder, read_spec
from napari_acs.widgets.catalogue import Catalogue, ModelChoice
from napari_acs.widgets.request import segment_job

MS = 20_000


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def listing(*ids, default="m"):
    models = tuple(ModelChoice(id_, f"Model {id_}", GLIOMA_OUTPUT) for id_ in ids)
    return Catalogue(models, default, ("auto", "cpu"))


def refresh(qtbot, dock, catalogue):
    dock.listing._catalogue = lambda: catalogue
    with qtbot.waitSignal(dock.ready, timeout=MS):
        dock.refresh_models()


def titles(dock):
    box = dock.panel._model.native
    return [box.itemText(index) for index in range(box.count())]


def choose(dock, title):
    box = dock.panel._model.native
    box.setCurrentIndex(box.findText(title))


def test_a_new_default_is_taken_unless_the_user_chose(dock, qtbot):
    refresh(qtbot, dock, listing("m", "n", default="n"))
    assert titles(dock) == ["Model m", "Model n"]
    assert dock.panel.model_id == "n"
    choose(dock, "Model m")
    dock.panel._device.value = "cpu"
    refresh(qtbot, dock, listing("k", "m", "n", default="n"))
    assert dock.panel.model_id == "m"
    assert dock.panel.device == "cpu"


def test_a_chosen_model_that_is_gone_is_said_and_the_default_comes(dock, qtbot):
    refresh(qtbot, dock, listing("m", "n"))
    choose(dock, "Model n")
    refresh(qtbot, dock, listing("m"))
    assert dock.panel.model_id == "m"
    assert dock.said == "The model 'Model n' is not installed any more: 'Model m' is chosen now."
    refresh(qtbot, dock, listing("m", "k", default="k"))
    assert dock.panel.model_id == "k", "nobody chose m by hand"


def test_no_model_at_all_is_a_sentence(dock, add, qtbot, job):
    add("p_t1")
    refresh(qtbot, dock, listing(default=None))
    assert titles(dock) == ["none found"]
    click(qtbot, dock, "segment")
    assert "No model is chosen" in dock.said
    assert job.requests == []


def test_of_two_listings_the_later_counts_whichever_ends_first(dock, qtbot):
    go, heard = Event(), []
    dock.listing.listed.connect(heard.append)

    def slow():
        go.wait(20)
        return listing("gone")

    dock.listing._catalogue = slow
    dock.refresh_models()
    refresh(qtbot, dock, listing("m"))
    go.set()
    qtbot.wait(200)
    assert titles(dock) == ["Model m"]
    assert len(heard) == 1


def test_a_listing_that_fails_is_said_and_leaves_what_is_there(dock, qtbot):
    dock.listing._catalogue = lambda: 1 / 0
    with qtbot.waitSignal(dock.listing.failed, timeout=MS):
        dock.refresh_models()
    assert "could not be listed. ZeroDivisionError" in dock.said
    assert dock.panel.model_id == "m"


def test_an_untrained_model_is_listed_as_such_and_refused(dock, add, qtbot, job):
    add("p_t1")
    fresh = replace(listing("u").models[0], trained=False)
    refresh(qtbot, dock, Catalogue((fresh,), "u", ("auto",)))
    assert titles(dock) == ["Model u (untrained)"]
    click(qtbot, dock, "segment")
    assert "'Model u' is untrained" in dock.said
    assert job.requests == []
    assert not dock.busy


@pytest.mark.parametrize("when", ["before the click", "while it runs"])
def test_a_model_deleted_from_disk_is_a_sentence(dock, add, viewer, qtbot, tmp_path, when):
    """With the job as it is, and a bundle in the user's folder."""
    folder = tmp_path / "mine"
    shutil.copytree(bundled_folder() / DEFAULT_ID, folder)
    mine = ModelChoice(str(folder), "Mine", read_spec(folder).output)
    refresh(qtbot, dock, Catalogue((mine,), mine.id, ("auto", "cpu")))

    def job(request, cancelled):
        for message in segment_job(request, cancelled):
            if folder.exists() and message.stage != "load":  # it was found, and is not read yet
                shutil.rmtree(folder)
            yield message

    dock.runner._job = job
    if when == "before the click":
        shutil.rmtree(folder)
    add("p_t1")
    dock.findChild(QComboBox, "preparation_brain").setCurrentIndex(1)  # there is none in it
    with qtbot.waitSignal(dock.finished, timeout=MS) as signal:
        click(qtbot, dock, "segment")
    failure = signal.args[0]
    assert failure.kind == "input", failure
    assert str(folder) in dock.said or DEFAULT_ID in dock.said
    assert not any(isinstance(layer, Labels) for layer in viewer.layers)
    assert not dock.busy
    assert dock.findChild(QPushButton, "segment").isEnabled()
