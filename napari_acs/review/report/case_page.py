"""The part of a report that is about one read of one case."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from napari_acs.review.edits.cost import EDIT_DEFINITIONS
from napari_acs.review.report.markup import Content, Markup, element, facts, joined, lines, table
from napari_acs.review.report.measures_page import measures_section
from napari_acs.review.report.slices import lesion_region

if TYPE_CHECKING:
    from napari_acs.review.report.content import Begun, CaseReport, Log
    from napari_acs.review.report.picture import Picture

RESEARCH = "Research only. Not a medical device."
_ORIGINS = {
    "human": "drawn or corrected by the reader",
    "machine": "a model's, as it is",
    "imported": "made elsewhere, as it is",
    "": "none",
}
_COST_COLUMNS = (
    "region", "Dice", "HD95, mm", "surface Dice", "added path length, mm", "volume change, ml",
    "voxels added", "voxels removed",
)  # fmt: skip


def anchor(case: CaseReport) -> str:
    """Return the id of a read's section: the same for the same read, of no other, and plain."""
    rater = "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in case.rater)
    return f"{rater}-{case.item}-{case.ai}"


def case_section(case: CaseReport, log: Log) -> Markup:
    """Return a read's section.

    Parameters
    ----------
    case : CaseReport
    log : Log
        Of its rater's file.
    """
    return element(
        "section",
        element("h2", f"Item {case.item}: {case.case}, {case.rater}"),
        element("p", RESEARCH, class_="research"),
        facts(
            [
                ("Status", status_text(case)),
                ("Decided (UTC)", moment(case.at)),
                ("Patient", case.patient),
                ("Exam", _exam(case.day)),
                ("Read", f"{case.read}, {ai_text(case.ai)}"),
                ("Active time", f"{case.seconds / 60:.1f} min"),
                ("Mask", _whose(case)),
                ("Note", lines(case.note) if case.note else None),
                *((answer.title, lines(answer.text)) for answer in case.answers),
            ]
        ),
        *(element("p", problem, class_="bad") for problem in case.problems),
        _pictures(case),
        measures_section(case.measures, case) if case.measures else None,
        _classification(case.classification) if case.classification else None,
        _begun(case.begun, case.seconds) if case.begun else None,
        _log(log),
        class_="case",
        id=anchor(case),
    )


def moment(at: str) -> str:
    """Return a time to the second, as people read it."""
    return at.partition(".")[0].partition("+")[0].replace("T", " ")


def _whose(case: CaseReport) -> str:
    """Say whose the mask is; the reader's copy of another one is that one until it is edited."""
    begun = case.begun
    if case.mask_origin == "human" and begun is not None and begun.unchanged:
        return _ORIGINS[begun.origin]
    return _ORIGINS[case.mask_origin]


def _exam(day: int | None) -> str | None:
    if day is None:
        return None
    return f"{day} days after this patient's first one here" if day else "this patient's first here"


def status_text(case: CaseReport) -> str:
    """Say what was decided."""
    bulk = f" (in bulk, unseen: {case.bulk})" if case.bulk else ""
    return case.status + bulk + (" (drawn for audit)" if case.audited else "")


def ai_text(ai: str) -> str:
    """Say whether the masks of others were in view."""
    return {
        "shown": "masks of others shown",
        "hidden": "masks of others hidden",
        "before": "before masks of others were shown",
        "after": "after masks of others were shown",
    }[ai]


def log_text(log: Log) -> Markup:
    """Say whether a file is as it was written."""
    if log.sound:
        return element("span", f"passed: {log.events} events, {log.masks} masks", class_="good")
    return element("span", f"FAILED: {log.why}", class_="bad")


def _pictures(case: CaseReport) -> Markup | None:
    if not case.pictures or case.measures is None:
        return None
    region = lesion_region(case.measures)
    legend = element(
        "p",
        *(
            element("span", element("b", class_=kind), text)
            for kind, text in (
                ("wt", "WT whole tumour"),
                ("tc", "TC tumour core"),
                ("et", "ET enhancing tumour"),
                ("cal", f"diameters of {region}"),
            )
        ),
        class_="legend",
    )
    return joined(
        (
            element("h3", "Slices"),
            element("div", *map(_figure, case.pictures), class_="pictures"),
            legend,
            element(
                "p",
                "Radiological display: the patient's right is at the picture's left. Letters name "
                "the sides (A front, P back, R, L, S head, I feet) by the directions in the "
                "file; two letters at one edge mean a tilted slice. Where borders coincide the "
                "inner region's is seen.",
                class_="soft",
            ),
        )
    )


def _figure(picture: Picture) -> Markup:
    letters = picture.letters
    said = f"{picture.sequence}, slice {picture.level + 1} from the feet: {'; '.join(picture.why)}"
    return element(
        "figure",
        element(
            "img",
            src=f"data:image/png;base64,{b64encode(picture.png).decode()}",
            width=picture.width,
            height=picture.height,
            alt=f"{said}. Top {letters.top}, left {letters.left}, right {letters.right}.",
        ),
        element("figcaption", said),
    )


def _classification(found: Any) -> Markup:
    intervals = found.get("intervals") or {}
    rows: list[list[Content]] = [
        [
            name,
            f"{p:.2f}" if isinstance(p, int | float) else "",
            " to ".join(f"{end:.2f}" for end in intervals.get(name, ())),
        ]
        for name, p in found["probabilities"].items()
    ]
    named = ", ".join(found.get("named") or ()) or "no class is named"
    return joined(
        (
            element("h3", "Classification"),
            element("p", f"Named: {named}."),
            table(("class", "probability", "interval"), rows),
            _model(found.get("model") or {}),
        )
    )


def _begun(begun: Begun, seconds: float) -> Markup:
    said = {
        "machine": "The mask was begun from a model's prediction.",
        "imported": "The mask was begun from one that was made elsewhere.",
        "nothing": "The reader drew the mask from nothing; there is no prediction to compare.",
    }[begun.origin]
    if begun.unchanged:
        said += " It was not changed."
    rows: list[list[Content]] = [
        [
            name,
            f"{cost.dice:.3f}",
            f"{cost.hd95_mm:.1f}",
            f"{cost.surface_dice:.3f}",
            f"{cost.added_path_length_mm:.0f}",
            f"{cost.volume_change_ml:+z.2f}",
            str(cost.voxels_added),
            str(cost.voxels_removed),
        ]
        for name, cost in begun.costs.items()
    ]
    tolerance = next((cost.surface_tolerance_mm for cost in begun.costs.values()), None)
    return joined(
        (
            element("h3", "Prediction and correction"),
            element("p", f"{said} Active time: {seconds / 60:.1f} min."),
            table(_COST_COLUMNS, rows) if rows else None,
            element(
                "p",
                f"Surface Dice at {tolerance:g} mm. Added path length: "
                f"{EDIT_DEFINITIONS['added_path_length']}.",
                class_="soft",
            )
            if tolerance is not None
            else None,
            _model(begun.model),
        )
    )


def _model(model: Any) -> Markup | None:
    if not model:
        return None
    names = [
        ("Model", "id"), ("Version", "version"), ("napari-acs", "napari-acs"),
        ("PyTorch", "torch"), ("Device", "device"), ("Precision", "precision"),
        ("Predicted (UTC)", "time_utc"),
    ]  # fmt: skip
    others = [
        " ".join(each.get(k, "") for k in ("id", "version", "sha256"))
        for each in model.get("averaged_with", ())
    ]
    return facts(
        [
            *((title, model.get(key)) for title, key in names[:2]),
            ("Weights, SHA-256", element("span", model["sha256"], class_="hash"))
            if "sha256" in model
            else ("", None),
            ("Averaged with", "; ".join(others)),
            *((title, model.get(key)) for title, key in names[2:]),
        ]
    )


def _log(log: Log) -> Markup:
    return joined(
        (
            element("h3", "Log"),
            facts(
                [
                    ("Verification", log_text(log)),
                    ("Chain head", element("span", log.head, class_="hash")),
                ]
            ),
        )
    )
