"""The Models dock, clicked and dropped on; the store is made up, and can be held up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from qtpy.QtCore import QPoint, Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QDialog, QTextBrowser, QWidget
from widgets.fake_models import BUNDLED
from widgets.models.hands import MS, change, choose, click, drop, enabled, fact, shown

from napari_acs.models.store import bundled_folder, read_spec
from napari_acs.widgets.models_actions import Folders
from napari_acs.widgets.models_rows import sequences


def test_every_model_is_listed_with_what_its_bundle_says(models):
    assert shown(models) == [
        ("The bundled one", "default", "verified", "bundled"),
        ("Mine", "trained", "verified", "user"),
        ("Fresh", "untrained", "verified", "shared"),
        ("half", "broken", "", "user"),
    ]
    assert fact(models, "sequences") == "any of T1, T1ce, T2, FLAIR"
    assert fact(models, "quality") == (
        "mean Dice WT 0.89, TC 0.66 over 5 real validation cases, as its card states; "
        "not checked here"
    )
    assert fact(models, "size") == "9.3 MB of weights"
    assert fact(models, "licence") == "Apache-2.0"
    assert fact(models, "weights").startswith("verified")
    assert enabled(models) == ["open_card", "add_file", "save_folders"]
    choose(models, "Mine")
    assert fact(models, "sequences") == "T1ce needed, FLAIR optional"
    assert fact(models, "quality") == "its card states none"
    assert "GaNDLF 0.1" in fact(models, "from")
    assert {"set_default", "remove_model"} <= set(enabled(models))
    choose(models, "Fresh")
    assert "untrained" in fact(models, "status")
    assert "set_default" not in enabled(models) and "remove_model" not in enabled(models)
    choose(models, "half")
    assert fact(models, "refused") == "half is incomplete. Copy it again."
    assert enabled(models) == ["remove_model", "add_file", "save_folders"]


@pytest.mark.parametrize(
    ("required", "optional", "minimum", "said"),
    [
        ((), ("t1", "t2"), 2, "T1, T2: all needed"),
        (("t1",), (), 1, "T1 needed"),
        ((), ("t1", "t2", "flair"), 2, "at least 2 of T1, T2, FLAIR"),
        (("t1",), ("t2", "flair"), 2, "T1 needed, T2, FLAIR optional, at least 2 in all"),
    ],
)
def test_which_sequences_a_model_needs(required, optional, minimum, said):
    row = replace(BUNDLED, required=required, optional=optional, minimum=minimum)
    assert sequences(row) == said


def test_dropped_models_are_added_and_what_is_refused_is_said(models, store, qtbot):
    event = None

    def act():
        nonlocal event
        event = drop(models, "/home/new", "/home/bad.zip")

    change(qtbot, models, act)
    assert event.isAccepted()
    assert "new" in [row[0] for row in shown(models)]
    assert models.panel.table.chosen.title == "new"
    assert models.said == "Added new. bad.zip is not taken: found a way out of its folder."


def test_the_button_asks_and_cancel_adds_nothing(models, store, answers, qtbot):
    click(qtbot, models, "add_folder")
    assert models.said == ""
    answers["path"] = Path("/home/picked")
    change(qtbot, models, lambda: click(qtbot, models, "add_file"))
    assert models.said == "Added picked."


class Listens(QWidget):
    """A panel that shows models, as Segment does."""

    def __init__(self) -> None:
        super().__init__()
        self.times = 0

    def refresh_models(self) -> None:
        self.times += 1


def test_set_default_marks_the_model_and_tells_the_panels_that_show_models(
    models, viewer, store, qtbot
):
    listens, deaf = Listens(), QWidget()
    viewer.window.add_dock_widget(listens, name="Segment")
    viewer.window.add_dock_widget(deaf, name="Another")
    choose(models, "Mine")
    change(qtbot, models, lambda: click(qtbot, models, "set_default"))
    assert [row[1] for row in shown(models)] == ["trained", "default", "untrained", "broken"]
    assert models.panel.table.chosen.id == "mine"
    assert "Segment offers first" in models.said
    assert listens.times == 1


def test_remove_asks_first_and_takes_only_the_users_own(models, store, answers, qtbot):
    choose(models, "Mine")
    answers["yes"] = False
    click(qtbot, models, "remove_model")
    assert "/u/mine" in answers["asked"][0]
    assert len(store.rows) == 4
    answers["yes"] = True
    change(qtbot, models, lambda: click(qtbot, models, "remove_model"))
    assert "Mine" not in [row[0] for row in shown(models)]
    assert models.said == "Removed Mine."


def place_of(text, url):
    size = text.viewport().size()
    points = (QPoint(x, y) for y in range(0, size.height(), 4) for x in range(0, size.width(), 4))
    return next(point for point in points if text.anchorAt(point) == url)


def test_the_card_is_markdown_that_loads_nothing(models, qtbot, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    click(qtbot, models, "open_card")
    qtbot.waitUntil(lambda: models.findChild(QDialog, "card") is not None, timeout=MS)
    dialog = models.findChild(QDialog, "card")
    text = dialog.findChild(QTextBrowser, "card_text")
    assert text.toPlainText().startswith("Mine\n")
    assert "<b>raw</b>" in text.toPlainText()
    assert text.loadResource(2, QUrl("file:///etc/hostname")) is None
    assert opened == []
    for url in ("file:///bin/sh", "https://example.org/p"):
        qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=place_of(text, url))
    assert [url.toString() for url in opened] == ["https://example.org/p"]
    assert text.source().isEmpty(), "a link led away from the card"
    dialog.close()


def test_folders_are_saved_for_the_command_line_too(models, store, qtbot):
    form = models.panel.folders
    assert form._models.text() == "/mine"
    form._models.setText(" /other ")
    form._shared.setPlainText("/lab\n\n /lab2\n")
    change(qtbot, models, form._save.click)
    assert store.saved == Folders("/other", ("/lab", "/lab2"))


def test_what_ships_is_shown_by_the_store_itself_and_a_classifier_is_no_default(viewer, qtbot):
    """With what is on disk: the rows of the bundles in the package, their weights in order."""
    from napari_acs.widgets.models_dock import ModelsDock  # noqa: PLC0415

    dock = ModelsDock(viewer)
    with qtbot.waitSignal(dock.verified, timeout=MS):
        viewer.window.add_dock_widget(dock, name="Models")
    specs = [read_spec(folder) for folder in bundled_folder().iterdir()]
    classifiers = [spec.title for spec in specs if spec.task == "classification"]
    rows = {row[0]: row[1:] for row in shown(dock)}
    assert len(classifiers) >= 2 and len(specs) > len(classifiers)
    for title in classifiers:
        assert rows[title] == ("trained", "verified", "bundled")
        choose(dock, title)
        assert fact(dock, "task").startswith("classification")
        assert "set_default" not in enabled(dock) and "remove_model" not in enabled(dock)
    (offered,) = (title for title, row in rows.items() if row[0] == "default")
    assert offered not in classifiers
