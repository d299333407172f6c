from napari_acs.models.spec import GLIOMA_OUTPUT
from napari_acs.training.card import card


def test_a_card_says_how_its_cases_were_judged_and_what_is_given_up(recipe):
    region = {"dice": 0.5, "hd95_mm": 1.0}
    scores = dict.fromkeys(("WT", "TC", "ET"), region)
    metrics = {"cases": {"a": scores}, "mean_cases": scores}
    plain = card(recipe, {}, metrics)
    assert "never trained on" in plain
    assert "Post-processing" not in plain
    limits = {"threshold": 0.3, "smallest_part_ml": 0.25, "minimum_ml": 1.0}
    regions = (GLIOMA_OUTPUT.regions[0].model_copy(update=limits), *GLIOMA_OUTPUT.regions[1:])
    output = GLIOMA_OUTPUT.model_copy(update={"regions": regions})
    said = card(recipe, {}, metrics | {"cross_validated": True, "post_processing": "Why."}, output)
    assert "never trained on" not in said
    assert "judged by the one of these networks that never saw it" in said
    for words in ("probability of 0.3", "under 0.25 ml", "less than 1 ml in all", "Why."):
        assert words in said
