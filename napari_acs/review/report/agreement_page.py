"""The parts of a report about several raters and about two dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_acs.review.agreement.estimate import FEWEST
from napari_acs.review.report.markup import Content, Markup, element, joined, table
from napari_acs.review.report.plot import bland_altman_plot
from napari_acs.review.session.exams import apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_acs.review.agreement.kappa import Kappa
    from napari_acs.review.report.content import Agreement, FollowUp


def agreement_section(found: Agreement) -> Markup:
    """Return how far raters, their repeats and the AI agree."""
    return element(
        "section",
        element("h2", "Agreement"),
        element("p", f"Raters: {', '.join(found.raters)}."),
        *(element("p", note, class_="soft") for note in found.notes),
        _masks(found) if found.summaries else None,
        _decisions(found),
        _volumes(found),
        id="agreement",
    )


def follow_up_section(follow_ups: Sequence[FollowUp]) -> Markup:
    """Return how tumours changed between two studies."""
    first = next((each.change for each in follow_ups if each.change), None)
    return element(
        "section",
        element("h2", "Two dates of one patient"),
        element(
            "p",
            "In the order of their exams, where the session knows the days between them. Otherwise "
            "the one that it lists first counts as the earlier: make sure that this is so.",
        ),
        element("p", f"{first.statement} {'; '.join(first.sources)}.") if first else None,
        *map(_follow_up, follow_ups),
        id="changes",
    )


def _follow_up(found: FollowUp) -> Markup:
    rows: list[list[Content]] = [
        [
            name,
            f"{region.volume_before_ml:.2f}",
            f"{region.volume_after_ml:.2f}",
            _percent(region.volume_change_percent),
            region.volume_category,
            f"{region.product_before_mm2:.0f}",
            f"{region.product_after_mm2:.0f}",
            _percent(region.product_change_percent),
            region.product_category,
            _percent(region.product_change_same_planes_percent),
            region.product_category_same_planes,
            str(region.new_lesions),
        ]
        for name, region in (found.change.regions if found.change else {}).items()
    ]
    head = (
        "region", "before, ml", "after, ml", "change", "by volume", "before, mm²", "after, mm²",
        "change", "by products", "change in the earlier scan's planes", "by those", "new lesions",
    )  # fmt: skip
    return joined(
        (
            element("h3", f"{found.patient}: {found.before} to {found.after}, {found.rater}"),
            element("p", f"{apart(found.days).capitalize()}. {found.how}"),
            table(head, rows) if rows else None,
        )
    )


def _masks(found: Agreement) -> Markup:
    rows: list[list[Content]] = [
        [
            each.relation,
            each.region,
            str(each.cases),
            str(each.pairs),
            each.dice.said(3),
            each.hd95_mm.said(1),
        ]
        for each in found.summaries
    ]
    pairs: list[list[Content]] = [
        [
            each.case, each.region, each.first, each.second, f"{each.dice:.3f}",
            f"{each.hd95_mm:.1f}", f"{each.first_ml:.2f}", f"{each.second_ml:.2f}",
        ]
        for each in found.overlaps
    ]  # fmt: skip
    how = found.summaries[0].dice
    return joined(
        (
            element("h3", "Masks"),
            table(
                ("pairs", "region", "cases", "pairs", "mean Dice", "median HD95, mm"),
                rows,
                f"{how.level:.0%} intervals by bootstrap over cases, from {FEWEST} cases on",
            ),
            element(
                "details",
                element("summary", f"Every pair of masks ({len(pairs)} lines)"),
                table(
                    (
                        *("case", "region", "first", "second", "Dice", "HD95, mm"),
                        *("first, ml", "second, ml"),
                    ),
                    pairs,
                    "# is the number of the reading",
                ),
            ),
        )
    )


def _decisions(found: Agreement) -> Markup | None:
    rows = [_kappa("between raters", found.decisions)] if found.decisions else []
    rows += [_kappa(f"{rater}, first and second reading", k) for rater, k in found.repeats.items()]
    if not rows:
        return None
    head = ("", "kappa", "agreement", "by chance", "cases", "raters")
    name = "Cohen's kappa of two raters, Fleiss' of more; bootstrap over cases"
    return joined((element("h3", "Decisions"), table(head, rows, name)))


def _kappa(name: str, kappa: Kappa) -> list[Content]:
    value = kappa.kappa.said(2) if kappa.kappa else "not defined (one decision throughout)"
    return [
        name, value, f"{kappa.observed:.0%}", f"{kappa.expected:.0%}", str(kappa.cases),
        str(kappa.raters),
    ]  # fmt: skip


def _volumes(found: Agreement) -> Markup | None:
    if not found.volumes and not found.intraclass:
        return None
    rows: list[list[Content]] = [
        [
            each.region, f"{each.second} less {each.first}", str(len(each.cases)),
            each.limits.bias.said(2), each.limits.lower.said(2),
            each.limits.upper.said(2),
        ]
        for each in found.volumes
    ]  # fmt: skip
    icc: list[list[Content]] = [
        [region, each.icc.said(3), str(each.cases), str(each.raters)]
        for region, each in found.intraclass.items()
    ]
    return joined(
        (
            element("h3", "Volumes"),
            table(
                ("region", "difference", "cases", "bias, ml", "lower limit, ml", "upper limit, ml"),
                rows,
                "Limits of agreement (Bland-Altman), 95% intervals",
            )
            if rows
            else None,
            table(
                ("region", "ICC(2,1)", "cases", "raters"), icc,
                "Intraclass correlation of all raters, absolute agreement, 95% intervals",
            )
            if icc
            else None,
            element("div", *map(bland_altman_plot, found.volumes), class_="plots"),
        )
    )  # fmt: skip


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:+z.0f} %"
