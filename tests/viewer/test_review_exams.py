"""The open case against the exam before: by the move that registration found between them."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.geometries import save
from imaging.moved import rigid
from review.measure.shapes import ellipsoid
from review.report.studies import UPRIGHT, Head, head, write

from napari_acs.errors import BadInput
from napari_acs.imaging.cancel import never
from napari_acs.review.measure.change import move_grid
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.exams import exam_before
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.state import Case
from napari_acs.viewer.review_exams import Compared, ExamPair, compare_exams, text_of


def test_a_lesion_of_a_head_that_lies_otherwise_is_not_new(tmp_path):
    """Both exams are the same voxels; the later head was shifted and turned."""
    move = rigid((0, 0, 0), (24.0, -14.0, 12.0), (4.0, -6.0, 10.0))
    grids = UPRIGHT, move_grid(UPRIGHT, np.linalg.inv(move))
    images = head(UPRIGHT).images
    lesion = 3 * ellipsoid(UPRIGHT, (28, 40, -8), (9, 9, 9)).astype(np.uint8)
    lines = ["study,patient,date"]
    for number, grid in enumerate(grids, 1):
        write(tmp_path, f"exam{number}", Head(grid, lesion, {"t1ce": images["t1ce"]}))
        lines.append(f"exam{number},x,2021-0{number}-01")
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    cases = make_cases(find_sources([tmp_path / "cases.csv"]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        masks = [start_empty(session, item, grid) for item, grid in enumerate(grids, 1)]
        for mask in masks:
            MaskEditor(session, mask.id).set_to(lesion)
        state = session.state
    before = exam_before(state, state.items[2].case)
    found = compare_exams(ExamPair(state, path, before, masks[1], lesion, lesion), never)
    et = found.change.regions["ET"]
    assert (et.new_lesions, et.volume_category, et.product_category) == (0, "SD", "SD")
    places = [
        each.regions["ET"].centroid_lps_mm for each in (found.change.before, found.change.after)
    ]
    np.testing.assert_allclose(*places, atol=0.5)
    one_colour = np.minimum(lesion, 1)
    found = compare_exams(ExamPair(state, path, before, masks[1], one_colour, lesion), never)
    assert "only WT can be compared" in text_of(found)


def test_a_repeat_is_not_told_by_the_name_of_the_exam_before(tmp_path):
    exams = [
        Case(name, "patient-1", f"content of {name}", str(tmp_path / name), day=day)
        for name, day in (("study-0a0a0a0a0a0a", 0), ("study-0b0b0b0b0b0b", 30))
    ]
    names = [case.name for case in exams]
    for repeats in (0.0, 1.0):
        path = tmp_path / f"{repeats}.review"
        create_sessions({"ann": path}, exams, {"ann": make_plan(names, repeats=repeats, seed=1)})
        with open_session(path) as session:
            earlier = next(i for i in session.state.items.values() if i.case == names[0])
            mask = start_empty(session, earlier.number, UPRIGHT)
            state = session.state
        before = exam_before(state, names[1])
        pair = ExamPair(state, path, before, mask, None, np.zeros(UPRIGHT.shape, np.uint8))
        card = f"{text_of(Compared(pair, None, 'x'))} {before.called}"
        assert (names[0] in card) is (repeats == 0)
        assert "30 days before" in card


@pytest.mark.parametrize("replaced", ["seg", "t1ce", "nothing"])
def test_an_exam_before_of_another_patient_by_now_is_not_compared_with(tmp_path, replaced):
    lesion = 3 * ellipsoid(UPRIGHT, (28, 40, -8), (9, 9, 9)).astype(np.uint8)
    images = {"t1ce": head(UPRIGHT).images["t1ce"]}
    lines = ["study,patient,date,mask"]
    for number in (1, 2):
        write(tmp_path, f"exam{number}", Head(UPRIGHT, lesion, images))
        save(tmp_path / f"exam{number}" / f"exam{number}_seg.nii.gz", lesion, UPRIGHT)
        lines.append(f"exam{number},x,2021-0{number}-01,exam{number}/exam{number}_seg.nii.gz")
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    cases = make_cases(find_sources([tmp_path / "cases.csv"]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        mask = start_empty(session, 2, UPRIGHT)
        state = session.state
    pair = ExamPair(state, path, exam_before(state, state.items[2].case), mask, None, lesion)
    if replaced == "nothing":
        assert compare_exams(pair, never).change is not None
        return
    other = np.roll({"seg": lesion, "t1ce": images["t1ce"]}[replaced], 3, axis=2)
    save(tmp_path / "exam1" / f"exam1_{replaced}.nii.gz", other, UPRIGHT)
    with pytest.raises(BadInput, match="not compared with: found another file"):
        compare_exams(pair, never)
