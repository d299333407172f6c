"""A mask that is moved or stretched on the screen has other mm there than in its file."""

from __future__ import annotations

import numpy as np
import pytest
from widgets.correct_case import CENTRE, WAIT, click, drag, middle, run, show

from napari_acs.inference.messages import Failure


@pytest.mark.parametrize("kind", ["scale", "translate", "rotate", "shear"])
def test_nothing_is_corrected_until_it_lies_where_it_did(dock, mask, qtbot, kind):
    show(dock, mask, middle())
    before = np.array(getattr(mask, kind))
    turned = 20 if kind == "rotate" else [0.3, 0, 0]
    setattr(mask, kind, {"scale": before * 2, "translate": before + 5}.get(kind, turned))
    assert isinstance(run(dock, qtbot, "grow"), Failure)
    assert "was moved, rotated or sheared" in dock.said
    click(dock, "erase")
    drag(dock, mask, middle())
    assert "was moved, rotated or sheared" in dock.said
    np.testing.assert_array_equal(mask.data, CENTRE)
    setattr(mask, kind, before)
    assert len(run(dock, qtbot, "grow")) > 0


@pytest.mark.parametrize("own", [True, False], ids=["of a file", "begun in napari"])
def test_a_result_in_other_mm_is_dropped(dock, mask, viewer, qtbot, own):
    layer = mask
    if not own:
        layer = viewer.add_labels(mask.data.copy(), scale=mask.scale, translate=mask.translate)
        dock.target.choose(layer)
    before = layer.data.copy()
    with qtbot.waitSignal(dock.finished, timeout=WAIT) as heard:
        click(dock, "grow")
        layer.scale = layer.scale * 2
    assert isinstance(heard.args[1], Failure)
    np.testing.assert_array_equal(layer.data, before)
