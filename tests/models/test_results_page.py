"""docs/results.md says of the shipped models what their own descriptions say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_acs.models.bundle import load_any_bundle

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
REGIONS = ("WT", "TC", "ET")
ROW = re.compile(r"\| \**([\w ]+?)\** \| " + r" \| ".join([r"(\d+\.\d+)"] * 6) + r" \|")


@pytest.fixture(scope="module")
def page():
    return PAGE.read_text(encoding="utf-8")


def _figures(scores):
    """As the page rounds them, with what rounding twice may add."""
    return [
        pytest.approx(scores[region][figure], abs=within)
        for region in REGIONS
        for figure, within in (("dice", 0.00056), ("hd95_mm", 0.056))
    ]


def test_every_case_of_the_accurate_model_has_its_figures(page):
    spec = load_any_bundle("glioma-unet-acs-ensemble").spec
    table = page.split("--cross-validated --device cpu")[1].split("Empty masks count")[0]
    rows = {name: list(map(float, figures)) for name, *figures in ROW.findall(table)}
    for name, scores in spec.metrics["cases"].items():
        assert rows.pop(name) == _figures(scores), name
    assert rows.pop("mean") == _figures(spec.metrics["mean_cases"])
    assert rows.keys() <= {"mean of BraTS2021 (8)"}


@pytest.mark.parametrize("name", ["glioma-unet-acs-mobilenetv2", "glioma-unet-acs-ensemble"])
def test_the_first_table_is_of_the_versions_that_ship(page, name):
    bundle = load_any_bundle(name)
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` "))
    assert f"`{name}` {bundle.spec.version} " in row
    assert f"| {bundle.spec.weights.size_bytes / 1e6:.1f} MB |" in row
    metrics = bundle.spec.metrics
    said = re.findall(r"(?:WT|TC|ET) (\d\.\d{3})", row)
    assert len(said) == 3
    if metrics.get("cross_validated"):  # with thresholds chosen on the other folds, as it says
        assert all(figure in metrics["post_processing"] for figure in said)
    else:
        means = [metrics["mean_cases"][region]["dice"] for region in REGIONS]
        assert list(map(float, said)) == [pytest.approx(mean, abs=0.00056) for mean in means]


def test_the_classifier_of_the_demo_has_its_figures(page):
    spec = load_any_bundle("demo-enhancing-acs-mobilenetv2").spec
    text = " ".join(page.split("## The classifiers")[1].split("`sequence-acs")[0].split())
    held, fresh = spec.metrics["held_out"], spec.metrics["fresh_phantoms"]
    low, high = held["auroc_interval"]
    assert f"{spec.version}: {held['cases']} held-out patients" in text
    assert f"AUROC {held['auroc']:.2f} ({low:.2f} to {high:.2f})" in text
    right, called = held["right_of_named"]
    assert f"right for {right} of the {called}" in text
    assert f"{fresh['cases']} fresh phantoms: AUROC {fresh['auroc']:.2f}" in text
