"""What the canvas is fitted to, with napari's versions; the canvas itself: test_one_study."""

from __future__ import annotations

from types import SimpleNamespace

from napari_acs.viewer.framing import fit_to_shown

SHOWN, HIDDEN = SimpleNamespace(visible=True), SimpleNamespace(visible=False)


def test_the_canvas_is_fitted_to_what_is_shown():
    fitted = []
    viewer = SimpleNamespace(
        layers=[HIDDEN, SHOWN], fit_to_view=lambda *, layers=None: fitted.append(layers)
    )
    fit_to_shown(viewer)
    assert fitted == [[SHOWN]]


def test_napari_0_9_0_which_takes_no_layers_fits_to_all():
    fitted = []
    viewer = SimpleNamespace(
        layers=[HIDDEN, SHOWN], fit_to_view=lambda *, margin=0.05: fitted.append(margin)
    )
    fit_to_shown(viewer)
    assert fitted == [0.05]
