"""What the card says of a classifier, without a window."""

import pytest

from napari_acs.models import load_classifier
from napari_acs.widgets.classify_report import facts_of


@pytest.mark.parametrize(("low", "said"), [(0.31, True), (0.5, True), (0.51, False), (None, False)])
def test_a_model_that_is_no_better_than_chance_is_called_that(low, said):
    spec = load_classifier("demo-enhancing-acs-mobilenetv2").spec
    held = {**spec.metrics["held_out"], "auroc": 0.6, "auroc_interval": [low, 0.8]}
    if low is None:
        del held["auroc_interval"]
    text = facts_of(spec.model_copy(update={"metrics": {"held_out": held}}))
    assert ("NO BETTER THAN CHANCE" in text) == said
    assert "AUROC 0.60" in text and "on 26 held-out patients" in text
