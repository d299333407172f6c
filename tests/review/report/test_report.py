"""A session's report: what it says is what was measured, and it names nobody."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from review.report.reading_html import Page, colours
from review.report.studies import HOSTILE, MODEL, SECRETS, make

from napari_acs.errors import BadInput
from napari_acs.imaging import read_volume
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.midline import estimate_midline
from napari_acs.review.measure.tumour import measure_tumour
from napari_acs.review.report.case_page import anchor
from napari_acs.review.report.gather import gather
from napari_acs.review.report.page import page_of
from napari_acs.review.report.picture import COLOURS
from napari_acs.review.report.record import record_of
from napari_acs.review.report.table import table_of
from napari_acs.review.session.merge import merge
from napari_acs.review.session.session import read_session
from napari_acs.review.session.verify import verify


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """One rater's session, its report, and the folder."""
    folder = tmp_path_factory.mktemp("one")
    made = make(folder, raters=("Dr. Jane Smith",))
    return made, gather(made.files), folder


@pytest.fixture(scope="module")
def outputs(one):
    """The page, and JSON and CSV as texts."""
    _, report, _ = one
    return page_of(report), json.dumps(record_of(report), allow_nan=False), table_of(report)


def test_the_page_is_whole_and_runs_and_loads_nothing(outputs):
    text = outputs[0]
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>")
    names = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(names)
    allowed = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+|#[\w-]+")
    ids = {given["id"] for _, given in page.tags if "id" in given}
    for tag, given in page.tags:
        for name, value in given.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            if name in {"src", "href"}:
                assert allowed.fullmatch(value), value
                assert not value.startswith("#") or value[1:] in ids
    (policy,) = [g["content"] for _, g in page.tags if "Policy" in (g.get("http-equiv") or "")]
    style = text.split("<style>")[1].split("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "url(" not in style
    assert "@import" not in style
    assert page.text.count("Research only. Not a medical device.") >= 5  # both cases, top, bottom


def test_nobody_is_named_and_notes_are_only_text(one, outputs):
    made, report, folder = one
    for text in outputs:
        bare = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", text)
        for secret in (*SECRETS, str(folder), folder.name):
            assert secret not in bare, secret
    page = Page(outputs[0])
    assert "<script" not in outputs[0]
    assert "onerror=alert(1)>" not in outputs[0]
    assert HOSTILE in page.text  # as it was typed
    assert json.loads(outputs[1])["cases"][0]["note"] == HOSTILE
    assert "Longest & best" in page.text
    assert "Follow-up <b>" in page.text
    state = read_session(made.files[0])
    assert [case.case for case in report.cases] == list(state.cases)  # pseudonyms are kept
    named = gather(made.files, item=1, keep_names=True)
    assert named.cases[0].rater == "Dr. Jane Smith"


def test_what_it_says_is_what_was_measured(one, outputs):
    made, report, folder = one
    record = json.loads(outputs[1])
    rows = list(csv.DictReader(io.StringIO(outputs[2])))
    assert len(rows) == 6
    state = read_session(made.files[0])
    order = [case.name for case in state.cases.values()]
    for case in report.cases:
        page = Page(page_of(replace(report, cases=(case,), follow_ups=())))
        at = order.index(case.case)
        study, predicted = made.heads[at], made.predicted[at]
        labels = made.corrected["Dr. Jane Smith"][at]
        image = read_volume(
            folder / "DOE_JANE_1961" / f"DOE_JANE_{at}" / f"DOE_JANE_{at}_t1ce.nii.gz"
        )
        plane = estimate_midline(image).plane
        # The file's header holds the grid to 1e-4 mm; the session has the image's own.
        measures = measure_tumour(labels, study.grid, plane)
        costs = edit_costs(predicted, labels, study.grid)
        (told,) = [each for each in record["cases"] if each["case"] == case.case]
        expected = measures.to_dict()
        assert told["measures"]["label_volume_ml"] == expected["label_volume_ml"]
        for name, region in measures.regions.items():
            (row,) = [r for r in rows if (r["case"], r["region"]) == (case.case, name)]
            axial, cost = region.largest_axial, costs[name]
            for value, where in (
                (region.volume_ml, "volume_ml"),
                (region.largest_3d_diameter_mm, "largest_3d_diameter_mm"),
                (region.sum_of_products_mm2, "sum_of_products_mm2"),
                (len(region.lesions), "lesions"),
                (region.measurable_lesions, "measurable_lesions"),
                (region.ignored_ml, "ignored_ml"),
                (axial.diameter.length_mm, "diameter_mm"),
                (axial.perpendicular.length_mm, "perpendicular_mm"),
                (axial.product_mm2, "product_mm2"),
                (region.midline.to_midline_mm, "to_midline_mm"),
                (cost.dice, "dice"),
                (cost.hd95_mm, "hd95_mm"),
                (cost.surface_dice, "surface_dice"),
                (cost.added_path_length_mm, "added_path_length_mm"),
                (cost.volume_change_ml, "volume_change_ml"),
            ):
                assert float(row[where]) == pytest.approx(value, abs=1e-9), where
            assert row["side"] == "left"
            assert row["model_sha256"] == MODEL["sha256"]
            assert told["begun"]["costs"][name] == cost.to_dict()
            assert told["measures"]["regions"][name]["volume_ml"] == region.volume_ml
            shown = page.row(name, f"{region.volume_ml:.2f}")
            assert shown[3:6] == [
                f"{axial.diameter.length_mm:.1f}",
                f"{axial.perpendicular.length_mm:.1f}",
                f"{axial.product_mm2:.0f}",
            ]
            assert shown[8:] == ["left", f"{region.midline.to_midline_mm:.1f}"]
            assert page.row(name, f"{cost.dice:.3f}", f"{cost.hd95_mm:.1f}")[5] == (
                f"{cost.volume_change_ml:+.2f}"
            )
        assert [p.png for p in case.pictures]
        assert told["classification"]["probabilities"]["methylated"] == 0.8125
        assert told["status"] == "corrected"
    page = Page(outputs[0])
    head = str(verify(made.files[0]).head)
    assert head in page.text
    assert {row["log_head"] for row in rows} == {head}
    assert {row["log"] for row in rows} == {read_session(one[0].files[0]).log}
    assert {row["log_sound"] for row in rows} == {"yes"}
    assert record["logs"][0]["sound"] is True
    assert MODEL["sha256"] in page.text
    assert len(page.pictures) == sum(len(case.pictures) for case in report.cases)
    assert all(colours(picture, COLOURS["WT"]).any() for picture in page.pictures)


def test_active_minutes_are_those_of_the_log(one, outputs):
    made, report, _ = one
    spent = {row.item: row.seconds for row in merge(made.files).reads}
    assert min(spent.values()) > 0
    told = {case["item"]: case["active_minutes"] for case in json.loads(outputs[1])["cases"]}
    assert told == {item: pytest.approx(seconds / 60) for item, seconds in spent.items()}
    for row in csv.DictReader(io.StringIO(outputs[2])):
        assert float(row["active_minutes"]) == pytest.approx(spent[int(row["item"])] / 60)
    (case, _) = report.cases
    page = Page(page_of(replace(report, cases=(replace(case, seconds=754.0),), follow_ups=())))
    assert "12.6" in page.row(str(case.item), case.case)
    assert "Active time: 12.6 min." in page.text


def test_two_dates_of_a_patient_are_compared(one, outputs):
    made, report, _ = one
    (found,) = report.follow_ups
    assert found.change is not None
    regions = found.change.regions
    before, after = (
        np.count_nonzero(labels) * study.grid.voxel_ml
        for labels, study in zip(made.corrected["Dr. Jane Smith"], made.heads, strict=True)
    )
    assert regions["WT"].volume_before_ml == pytest.approx(before)
    assert regions["WT"].volume_after_ml == pytest.approx(after)
    assert regions["WT"].volume_category == "PD"
    assert regions["TC"].new_lesions == 0
    assert "not a diagnosis" in Page(outputs[0]).text
    assert json.loads(outputs[1])["follow_ups"][0]["change"]["regions"]["WT"]["volume_category"]
    assert found.days == 90
    text = Page(outputs[0]).text
    assert "90 days apart" in text and "2021" not in text.partition("Two dates")[2]
    assert json.loads(outputs[1])["follow_ups"][0]["days"] == 90
    assert [case["day"] for case in json.loads(outputs[1])["cases"]][:1] == [0]


def test_every_read_has_a_place_of_its_own_on_the_page(one):
    case = one[1].cases[0]
    names = ("Jörg", "Jürg", "J-rg", "J_f6_rg")
    assert len({anchor(replace(case, rater=name)) for name in names}) == len(names)
    assert re.fullmatch(r"[\w-]+", anchor(replace(case, rater="Jörg & Co")), re.ASCII)


def test_one_case_alone(one):
    made, _, _ = one
    report = gather(made.files, item=2)
    assert [case.item for case in report.cases] == [2]
    assert report.follow_ups == ()
    Page(page_of(report))
    with pytest.raises(BadInput, match="no item 9"):
        gather(made.files, item=9)


def test_without_images_it_says_so_and_names_no_path(tmp_path):
    made = make(tmp_path, raters=("x",))
    (tmp_path / "DOE_JANE_1961").rename(tmp_path / "gone")
    report = gather(made.files)
    text = page_of(report)
    assert "No pictures" in text
    assert str(tmp_path) in report.warnings[0]  # for the terminal
    assert str(tmp_path) not in text
    assert "DOE" not in text
    assert report.cases[0].measures is not None
    assert report.cases[0].pictures == ()
    assert report.follow_ups[0].change is None  # different grids, and nothing to register


def test_a_changed_log_is_said_to_be_one(tmp_path):
    made = make(tmp_path, raters=("x",))
    connection = sqlite3.connect(made.files[0])
    (rule,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'event_no_update'"
    ).fetchone()
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET at = '2020-01-01' WHERE kind = 'decision'")
    connection.execute(rule)
    connection.commit()
    connection.close()
    report = gather(made.files)
    assert not report.logs[0].sound
    page = Page(page_of(report))
    assert "FAILED" in page.text
    assert {row["log_sound"] for row in csv.DictReader(io.StringIO(table_of(report)))} == {"no"}
