"""Masks that came with their cases, accepted without a look: measured as they were accepted."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from review.report.studies import OBLIQUE, head, write

from napari_acs.imaging import write_labels
from napari_acs.review.measure.one_label import ONE_LABEL
from napari_acs.review.report.gather import gather
from napari_acs.review.report.images import MASK_ALONE
from napari_acs.review.report.page import page_of
from napari_acs.review.report.table import table_of
from napari_acs.review.session.audit import accept_in_bulk
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources


@pytest.mark.parametrize("alone", [True, False])
def test_a_mask_that_was_accepted_in_bulk_is_measured(tmp_path, alone):
    study = head(OBLIQUE)
    if not alone:
        write(tmp_path, "case", study)
    (tmp_path / "case").mkdir(exist_ok=True)
    mask = tmp_path / "case" / "case_seg.nii.gz"
    write_labels(mask, study.labels, study.grid)
    source = mask.parent
    if alone:
        source = tmp_path / "cases.csv"
        source.write_text(f"study,mask\n{mask},{mask}\n")
    cases = make_cases(find_sources([source]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([cases[0].name])})
    with open_session(path) as session:
        accept_in_bulk(session, [1], "made elsewhere, trusted")
    write_labels(mask, np.zeros_like(study.labels), study.grid, overwrite=True)  # a run anew
    report = gather([path])
    (case,) = report.cases
    ml = study.grid.voxel_ml
    assert case.measures.regions["WT"].volume_ml == pytest.approx((study.labels > 0).sum() * ml)
    assert (MASK_ALONE in case.problems) is alone
    assert bool(case.pictures) is not alone
    assert f"{(study.labels > 0).sum() * ml:.1f}" in table_of(report)


def test_a_mask_in_a_single_label_is_said_to_tell_the_whole_tumour_alone(tmp_path):
    study = head(OBLIQUE)
    whole, parts = (study.labels > 0).astype(np.uint8), study.labels
    for name, labels in (("whole", whole), ("parts", parts)):
        (tmp_path / name).mkdir()
        write_labels(tmp_path / name / "mask.nii.gz", labels, study.grid)
    source = tmp_path / "cases.csv"
    files = [tmp_path / name / "mask.nii.gz" for name in ("whole", "parts")]
    source.write_text("study,mask\n" + "".join(f"{file},{file}\n" for file in files))
    cases = make_cases(find_sources([source]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        accept_in_bulk(session, [1, 2], "made elsewhere, trusted")
    report = gather([path])
    assert [ONE_LABEL in case.problems for case in report.cases] == [True, False]
    assert page_of(report).count(ONE_LABEL) == 1
    rows = csv.DictReader(io.StringIO(table_of(report)))
    assert [ONE_LABEL in row["problems"] for row in rows] == [True] * 3 + [False] * 3
