from qtpy.QtWidgets import QVBoxLayout, QWidget

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
