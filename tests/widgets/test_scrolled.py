from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_acs.widgets.correct_dock import CorrectDock
from napari_acs.widgets.measure_panel import say
from napari_acs.widgets.scrolled import fill_with


def test_a_part_that_unfolds_squeezes_no_other(qtbot):
    dock, panel = QWidget(), QWidget()
    qtbot.addWidget(dock)
    inside = QVBoxLayout(panel)
    first, folded = QWidget(), QWidget()
    for part in (first, folded):
        part.setMinimumHeight(150)
        inside.addWidget(part)
    folded.hide()
    fill_with(dock, panel)
    dock.resize(340, 200)
    dock.show()
    qtbot.waitExposed(dock)
    folded.show()
    inside.activate()  # no event was handled since
    assert first.height() >= 150
    assert panel.height() >= inside.minimumSize().height() > 300


def test_a_long_text_in_a_fold_covers_nothing_of_it(make_napari_viewer, qtbot):
    """What a correction cost pressed the last rows of the measures under the buttons."""
    viewer = make_napari_viewer()
    dock = CorrectDock(viewer)
    viewer.window.add_dock_widget(dock, name="Correct", area="right")
    viewer.window._qt_window.resize(1000, 700)
    viewer.window._qt_window.show()
    panel = dock.panel.measures
    line = "WT: Dice 0.993, HD95 1.0 mm, surface Dice 0.973 at 1 mm, added path 2658 mm"
    button = panel.findChild(QPushButton, "draw_diameters")

    def has_room() -> bool:
        needed = panel.cost.heightForWidth(panel.cost.width())
        below = panel.table.y() + panel.table.height()
        return panel.cost.height() >= needed > 0 and button.y() >= below

    for lines in (1, 5, 3, 9):
        say(panel.cost, "\n".join([line] * lines))
        qtbot.waitUntil(has_room)
        assert panel.height() <= dock.panel.folds["Measures"].height()
