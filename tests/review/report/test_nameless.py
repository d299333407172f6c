"""Images whose names say no sequence: shown and compared as the Review panel opens them."""

from __future__ import annotations

import numpy as np
import pytest
from imaging.geometries import save
from imaging.moved import rigid
from review.report.studies import UPRIGHT, head

from napari_acs.imaging import write_labels
from napari_acs.review.measure.change import move_grid
from napari_acs.review.report.gather import gather
from napari_acs.review.report.images import NO_IMAGES, NO_SEQUENCE
from napari_acs.review.report.page import page_of
from napari_acs.review.session.audit import accept_in_bulk
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources

LATER = move_grid(UPRIGHT, np.linalg.inv(rigid((0, 0, 0), (8.0, -5.0, 6.0), (0.0, 3.0, 5.0))))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Two exams of a patient, each one image and one mask."""
    place = tmp_path_factory.mktemp("nameless")
    study = head(UPRIGHT)
    lines = ["study,mask,patient"]
    for number, grid in enumerate((UPRIGHT, LATER)):
        save(place / f"{number}_image.nrrd", study.images["flair"], grid)
        write_labels(place / f"{number}_label.nrrd", study.labels, grid)
        lines.append(f"{number}_image.nrrd,{number}_label.nrrd,DOE")
    (place / "list.csv").write_text("\n".join(lines))
    cases = make_cases(find_sources([place / "list.csv"]))
    path = place / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        accept_in_bulk(session, [1, 2], "made elsewhere, trusted")
    return gather([path])


def test_they_have_pictures_and_it_is_said_why_there_is_no_side(report):
    for case in report.cases:
        assert {picture.sequence for picture in case.pictures} == {"image 1"}
        assert NO_SEQUENCE in case.problems and NO_IMAGES not in case.problems
        assert case.measures.regions["WT"].midline is None
    assert "image 1, slice" in page_of(report) and "_image" not in page_of(report)


def test_two_dates_of_them_are_registered(report):
    (found,) = report.follow_ups
    assert found.change is not None and "Registered by a rigid move" in found.how
    assert found.change.regions["WT"].volume_category == "SD"
    assert found.change.regions["WT"].new_lesions == 0
    assert found.change.note == "" and found.how.endswith("degrees.")
