"""What a mask was begun from, whatever way it took; reads with odd masks or none."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from review.report.reading_html import Page
from review.session.sessions import GRID, SHAPE, make

from napari_acs.imaging import Volume
from napari_acs.imaging.cancel import Cancelled
from napari_acs.review.edits.cost import edit_costs
from napari_acs.review.measure.midline import Midline, doubt_of
from napari_acs.review.measure.plane import Plane
from napari_acs.review.report import gather as gathering
from napari_acs.review.report import reading
from napari_acs.review.report.drawing import INTERPOLATED
from napari_acs.review.report.gather import gather
from napari_acs.review.report.page import page_of
from napari_acs.review.report.record import record_of
from napari_acs.review.report.table import table_of
from napari_acs.review.session.decisions import decide, reveal
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import add_prediction, start_empty, start_from
from napari_acs.review.session.session import open_session


def half(at: int) -> np.ndarray:
    labels = np.zeros(SHAPE, np.uint8)
    labels[1:4, 1:at, 1:6] = 2
    labels[2, 2:4, 2:4] = 3
    return labels


@pytest.fixture
def session(tmp_path):
    (path,) = make(tmp_path, ["study-a"])
    with open_session(path) as opened:
        yield opened


def begun(session):
    (case,) = gather([session.path]).cases
    return case.begun


def predict(session, labels, name):
    provenance = {"model": {"id": name, "sha256": name * 8}}
    return add_prediction(session, 1, labels, GRID, title=name, provenance=provenance).id


def test_a_copy_of_a_copy_leads_to_the_prediction(session):
    first = predict(session, half(3), "one")
    predict(session, half(5), "two")
    own = start_from(session, first).id
    assert begun(session).unchanged
    assert begun(session).costs == {}
    editor = MaskEditor(session, start_from(session, own).id)
    editor.set_to(half(4))
    found = begun(session)
    assert (found.origin, found.model["id"], found.unchanged) == ("machine", "one", False)
    assert found.costs == edit_costs(half(3), half(4), GRID)
    editor.undo()
    assert begun(session).unchanged


def test_a_promotion_counts_unless_it_was_undone(session):
    first, second = predict(session, half(3), "one"), predict(session, half(5), "two")
    editor = MaskEditor(session, start_from(session, first).id)
    editor.promote(second)
    assert (begun(session).model["id"], begun(session).unchanged) == ("two", True)
    editor.stroke([0], 2)
    decide(session, 1, "corrected")
    after = half(5)
    after.reshape(-1)[0] = 2
    assert begun(session).costs == edit_costs(half(5), after, GRID)
    editor.undo()
    editor.undo()
    assert begun(session).model["id"] == "one"


def test_what_changed_after_the_decision_does_not_count_while_it_holds(session):
    first = predict(session, half(3), "one")
    editor = MaskEditor(session, start_from(session, first).id)
    editor.set_to(half(4))
    decide(session, 1, "corrected")
    before = begun(session).costs
    editor.set_to(half(6))  # the item is in progress again
    assert begun(session).costs == edit_costs(half(3), half(6), GRID) != before


@pytest.mark.parametrize(
    ("decision", "costs_nothing"), [("accepted", True), (None, False), ("rejected", False)]
)
def test_a_prediction_accepted_untouched_cost_nothing_and_counts(session, decision, costs_nothing):
    first = predict(session, half(4), "one")
    start_from(session, first)
    if decision:
        decide(session, 1, decision)
    report = gather([session.path])
    rows = list(csv.DictReader(io.StringIO(table_of(report))))
    assert [row["region"] for row in rows] == ["WT", "TC", "ET"]
    told = record_of(report)["cases"][0]["begun"]["costs"]
    expected = {"dice": 1, "hd95_mm": 0, "surface_dice": 1, "added_path_length_mm": 0}
    expected |= {"volume_change_ml": 0, "voxels_added": 0}
    for row in rows:
        assert row["unchanged"] == "yes"
        for name, value in expected.items():
            assert row[name] == "" if not costs_nothing else float(row[name]) == value
            if costs_nothing:
                assert told[row["region"]][name] == value
    assert costs_nothing or told == {}
    text = Page(page_of(report)).text
    assert "a model's, as it is" in text and "drawn or corrected" not in text
    MaskEditor(session, session.item(1).masks[-1]).stroke([1], 3)
    text = Page(page_of(gather([session.path]))).text
    assert "drawn or corrected" in text and "a model's, as it is" not in text


def test_a_mask_of_other_labels_has_no_cost_and_its_correction_is_measured(session):
    """Nothing at all was said of the correction, not even its volume."""
    first = predict(session, np.where(half(4) == 3, 7, half(4)).astype(np.uint8), "one")
    MaskEditor(session, start_from(session, first).id).set_to(half(4))
    decide(session, 1, "corrected")
    (case,) = gather([session.path]).cases
    assert case.measures.regions["WT"].volume_ml == np.count_nonzero(half(4)) * GRID.voxel_ml
    assert case.begun.costs == {}
    (said,) = (each for each in case.problems if each.startswith("No edit cost: "))
    assert "The predicted mask" in said and "the value 7" in said


def test_of_a_drawing_from_nothing_there_is_no_cost(session):
    predict(session, half(3), "one")
    MaskEditor(session, start_empty(session, 1, GRID).id).set_to(half(4))
    assert (begun(session).origin, begun(session).costs) == ("nothing", {})


@pytest.mark.parametrize("labels", [None, np.zeros(SHAPE, np.uint8), np.full(SHAPE, 7, np.uint8)])
def test_no_mask_an_empty_one_and_labels_of_others_make_a_page(session, labels):
    if labels is not None:
        MaskEditor(session, start_empty(session, 1, GRID).id).set_to(labels)
    report = gather([session.path])
    page = Page(page_of(report))
    record_of(report)
    assert table_of(report).count("\n") == 4
    (case,) = report.cases
    if labels is None:
        assert case.mask_origin == ""
        assert case.problems == ()
    elif labels.any():
        assert "labels that are not known" in page.text
        assert case.measures is None
    else:
        assert case.measures.regions["WT"].volume_ml == 0
        assert case.pictures == ()


@pytest.mark.parametrize(("ai", "told"), [("shown", True), ("hidden", False), ("after", False)])
def test_of_a_blinded_read_it_is_not_said_what_a_model_made_of_the_case(tmp_path, ai, told):
    (path,) = make(tmp_path, ai=ai)
    with open_session(path) as session:
        record = {"named": ["x"], "probabilities": {"x": 0.8, "y": 0.2}}
        provenance = {"classification": record}
        add_prediction(session, 1, half(3), GRID, title="one", provenance=provenance)
        MaskEditor(session, start_empty(session, 1, GRID).id).set_to(half(4))
        decide(session, 1, "corrected")
    case = gather([path]).cases[0]
    assert bool(case.classification) is told
    assert case.begun.origin == "nothing"


def test_what_was_taken_over_after_the_first_part_of_a_read_is_not_of_that_part(tmp_path):
    (path,) = make(tmp_path, ["study-a"], ai="after")
    with open_session(path) as session:
        prediction = predict(session, half(6), "one")
        editor = MaskEditor(session, start_empty(session, 1, GRID).id)
        editor.set_to(half(3))
        decide(session, 1, "corrected")
        reveal(session, 1)
        editor.promote(prediction, replace_human_work=True)
        decide(session, 1, "accepted")
    first, second = gather([path]).cases
    assert (first.ai, first.begun.origin, first.begun.costs) == ("before", "nothing", {})
    assert (second.ai, second.begun.origin, second.begun.unchanged) == ("after", "machine", True)
    assert second.begun.model["id"] == "one"
    for case, labels in ((first, half(3)), (second, half(6))):
        ml = np.count_nonzero(labels) * GRID.voxel_ml
        assert case.measures.regions["WT"].volume_ml == pytest.approx(ml)


def test_a_report_is_stopped_while_a_mask_is_measured(session, monkeypatch):
    """That takes minutes where a mask runs all through a head."""
    predict(session, half(3), "one")
    asked: list[bool] = []
    work = reading.measure_tumour

    def measured(*arguments, **options):
        asked.append(True)
        return work(*arguments, **options)

    monkeypatch.setattr(reading, "measure_tumour", measured)
    with pytest.raises(Cancelled):
        gather([session.path], cancelled=lambda: bool(asked))
    assert asked == [True]


def test_it_is_said_where_no_image_lies_on_the_masks_grid(session, monkeypatch):
    """The picture is of an image that was brought there by its header alone."""
    predict(session, half(4), "one")
    image = np.random.default_rng(0).normal(100, 9, SHAPE).astype(np.float32)
    for grid, said in ((replace(GRID, origin=(-3.0, 4.0, 0.9)), True), (GRID, False)):
        volumes = {"t1ce": Volume(image, grid)}
        monkeypatch.setattr(gathering, "images_of", lambda *_, v=volumes: (v, ""))
        (case,) = gather([session.path]).cases
        assert case.pictures
        assert (INTERPOLATED in case.problems) == said


@pytest.mark.parametrize(("overlap", "said"), [(0.7, True), (0.95, False)])
def test_a_midline_that_is_not_to_be_trusted_is_said_to_be_none(
    session, monkeypatch, overlap, said
):
    predict(session, half(4), "one")
    volumes = {"t1": Volume(np.ones(SHAPE, np.float32), GRID)}
    monkeypatch.setattr(gathering, "images_of", lambda *_: (volumes, ""))
    found = Midline(Plane((0, 0, 0), (1, 0, 0)), 0.5, overlap)
    monkeypatch.setattr(reading, "estimate_midline", lambda _: found)
    report = gather([session.path])
    told = [each for each in report.cases[0].problems if each == doubt_of(found)]
    assert bool(told) == said
    assert ("The midline is doubtful" in page_of(report)) == said
    assert ("The midline is doubtful" in table_of(report)) == said
