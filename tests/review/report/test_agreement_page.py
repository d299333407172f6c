"""Every figure of the agreement stands under its own heading on the page."""

from __future__ import annotations

from review.report.reading_html import Page

from napari_acs.review.agreement import Estimate, bland_altman, cohen_kappa, icc
from napari_acs.review.agreement.overlap import Overlap
from napari_acs.review.agreement.summary import Summary
from napari_acs.review.report.agreement_page import agreement_section
from napari_acs.review.report.content import Agreement, Volumes

ONE, TWO = (10.0, 20.0, 31.0, 42.0), (11.0, 20.5, 30.0, 47.0)


def test_figures_stand_under_their_headings():
    limits = bland_altman(ONE, TWO)
    kappa = cohen_kappa(["a", "a", "b", "b"], ["a", "a", "b", "a"])
    again = cohen_kappa(["a", "b", "b", "b"], ["a", "a", "b", "a"])
    correlation = icc([ONE, TWO])
    dice, hd95 = Estimate(0.8125, 0.7, 0.9, 0.95, ""), Estimate(4.5, 3.0, 6.5, 0.95, "")
    pair = Overlap("case", "WT", "A #1", "B #1", "between raters", 0.625, 7.5, 3.25, 4.75)
    found = Agreement(
        raters=("A", "B"),
        overlaps=(pair,),
        summaries=(Summary("between raters", "WT", 4, 6, dice, hd95),),
        decisions=kappa,
        repeats={"A": again},
        volumes=(Volumes("WT", "A", "B", tuple("abcd"), limits),),
        intraclass={"WT": correlation},
        notes=("A note <b>.",),
    )
    page = Page(agreement_section(found))
    figures = ["4", "6", "0.812 (0.700 to 0.900)", "4.5 (3.0 to 6.5)"]
    assert page.row("pairs", "region")[2:] == ["cases", "pairs", "mean Dice", "median HD95, mm"]
    assert page.row("between raters", "WT")[2:] == figures
    assert page.row("case", "region")[-4:] == ["Dice", "HD95, mm", "first, ml", "second, ml"]
    assert page.row("case", "WT") == ["case", "WT", "A #1", "B #1", "0.625", "7.5", "3.25", "4.75"]
    assert page.row("", "kappa")[2:4] == ["agreement", "by chance"]
    # Three of four, where chance gives 3/4 x 1/2 + 1/4 x 1/2.
    told = page.row("between raters", kappa.kappa.said(2))
    assert told[2:] == ["75%", "50%", "4", "2"]
    assert page.row("A, first and second reading")[1] == again.kappa.said(2)
    assert page.row("region", "difference")[3:] == [
        "bias, ml", "lower limit, ml", "upper limit, ml",
    ]  # fmt: skip
    assert limits.lower.value < limits.bias.value < limits.upper.value
    assert page.row("WT", "B less A")[2:] == [
        "4", limits.bias.said(2), limits.lower.said(2), limits.upper.said(2),
    ]  # fmt: skip
    assert page.row("WT", correlation.icc.said(3))[2:] == ["4", "2"]
    assert "A note <b>." in page.text
