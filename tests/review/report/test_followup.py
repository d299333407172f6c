"""Two dates in a report: the move between them is found and used, or nothing is compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from imaging.moved import rigid
from review.measure.shapes import ellipsoid
from review.report.studies import UPRIGHT, head
from scipy.spatial.transform import Rotation

from napari_acs.imaging import Volume
from napari_acs.imaging.cancel import never
from napari_acs.review.measure.change import measure_change, move_grid
from napari_acs.review.report.agreement_page import follow_up_section
from napari_acs.review.report.content import FollowUp
from napari_acs.review.report.followup import follow_up, pairs_of
from napari_acs.review.session.create import create_sessions
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.merge import merge
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.state import Case

MOVE = rigid((0, 0, 0), (24.0, -14.0, 12.0), (4.0, -6.0, 10.0))
"""Where a point of the earlier exam is in the later one."""
LATER = move_grid(UPRIGHT, np.linalg.inv(MOVE))


@pytest.fixture(scope="module")
def images():
    return head(UPRIGHT).images


def compared(one, two, after=LATER, labels=(3, 3)) -> FollowUp:
    """Compare two exams whose masks are one small lesion in the same voxels."""
    ball = ellipsoid(UPRIGHT, (28, 40, -8), (9, 9, 9))
    first, second = (label * ball.astype(np.uint8) for label in labels)
    called = dict.fromkeys(("a", "b"), "x")
    row = {"rater": "a", "patient": "a"}
    pair = SimpleNamespace(
        before=SimpleNamespace(case="a", **row), after=SimpleNamespace(case="b", **row), days=90
    )
    names = SimpleNamespace(raters=called, patients=called, cases={"a": "A", "b": "B"})
    volumes = {"a": one, "b": two}
    masks = {"a": (first, UPRIGHT), "b": (second, after)}
    return follow_up(pair, names, lambda row: volumes[row.case], lambda row: masks[row.case], never)


def test_a_lesion_of_a_head_that_lies_otherwise_is_not_new(images):
    """The later head is shifted and turned: without the move found, the lesion is elsewhere."""
    found = compared(*({"t1ce": Volume(images["t1ce"], grid)} for grid in (UPRIGHT, LATER)))
    et = found.change.regions["ET"]
    assert (et.new_lesions, et.volume_category, et.product_category) == (0, "SD", "SD")
    places = [
        each.regions["ET"].centroid_lps_mm for each in (found.change.before, found.change.after)
    ]
    np.testing.assert_allclose(*places, atol=0.5)
    assert "Registered by a rigid move of " in found.how and "degrees." in found.how


def test_a_later_exam_without_the_sequence_of_the_earlier_one_is_laid_on_another(images):
    """It was said that there are no images, or both masks were taken to lie in one place."""
    found = compared(
        {"t1ce": Volume(images["t1ce"], UPRIGHT)}, {"flair": Volume(images["flair"], LATER)}
    )
    et = found.change.regions["ET"]
    assert (et.new_lesions, et.product_category) == (0, "SD")
    places = [
        each.regions["ET"].centroid_lps_mm for each in (found.change.before, found.change.after)
    ]
    np.testing.assert_allclose(*places, atol=1.0)
    assert "They have no sequence in common: FLAIR was laid on T1ce." in found.how


def test_of_several_common_sequences_t1ce_is_laid_on_t1ce(images):
    flat = np.full(UPRIGHT.shape, 7, np.int16)
    found = {"t1": flat, "flair": flat, "t1ce": images["t1ce"]}
    exams = [{name: Volume(array, g) for name, array in found.items()} for g in (UPRIGHT, LATER)]
    found = compared(*exams)
    assert found.change is not None and "no sequence in common" not in found.how


def test_images_of_one_exam_alone_are_not_compared(images):
    found = compared({"t1ce": Volume(images["t1ce"], UPRIGHT)}, {})
    assert found.change is None and "There are no images of both to register" in found.how


def test_a_whole_tumour_in_one_colour_beside_a_mask_with_parts_is_said():
    found = compared({}, {}, UPRIGHT, labels=(1, 3))
    assert found.change.regions["WT"].volume_category == "SD"
    assert found.change.regions["ET"].volume_category == "PD"  # out of nothing
    assert found.change.note and found.how.endswith(found.change.note)


def test_two_scans_that_are_tilted_against_each_other_have_both_changes_on_the_page():
    turned = Rotation.from_euler("x", 20, degrees=True).as_matrix()
    tilted = replace(UPRIGHT, direction=tuple(turned.ravel().tolist()))
    one, two = (ellipsoid(grid, (28, 40, -8), (9, 9, 9)) for grid in (UPRIGHT, tilted))
    change = measure_change(3 * one.astype("u1"), UPRIGHT, 3 * two.astype("u1"), tilted)
    page = follow_up_section([FollowUp("R", "P", "A", "B", change, change.note)])
    et = change.regions["ET"]
    assert "change in the earlier scan&#x27;s planes" in page and "20 degrees apart" in page
    assert f"{et.product_change_same_planes_percent:+z.0f} %</td>" in page
    unlike = follow_up_section([compared({}, {}, UPRIGHT)])
    assert "planes" not in unlike


def test_a_registration_that_failed_compares_nothing_and_says_why(images):
    """Not even on one grid, where taking the same place for granted would be easy."""
    noise = np.random.default_rng(0).normal(size=UPRIGHT.shape).astype(np.float32)
    found = compared(
        {"t1ce": Volume(images["t1ce"], UPRIGHT)}, {"t1ce": Volume(noise, UPRIGHT)}, UPRIGHT
    )
    assert found.change is None
    assert "The registration of the two studies failed: " in found.how
    assert "nothing in common" in found.how


def test_an_image_that_cannot_be_registered_is_not_called_by_its_file(images):
    """The report names nobody, and files are often called after the patient."""
    flat = np.full(UPRIGHT.shape, 7, np.int16)
    found = compared(
        {"t1ce": Volume(images["t1ce"], UPRIGHT, Path("scans/DOE_JANE_t1ce.nii.gz"))},
        {"t1ce": Volume(flat, UPRIGHT, Path("scans/DOE_JANE_later_t1ce.nii.gz"))},
        UPRIGHT,
    )
    assert found.change is None
    assert found.how == (
        "The two studies could not be registered: the T1ce of one of them has the value 7 in "
        "every voxel."
    )


def test_of_an_exam_read_twice_the_reading_decided_last_is_compared(tmp_path):
    """By the log, not by the clock; where it rejects the mask, the exam is left out."""
    exams = [Case(name, "x", f"content of {name}", str(tmp_path / name)) for name in "abc"]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, exams, {"ann": make_plan(["a", "b", "c"], repeats=1.0, seed=1)})
    back = (f"2026-01-01T00:00:{second:02d}.000000+00:00" for second in range(59, 0, -1))
    with open_session(path, lambda: next(back)) as session:
        items = {(item.case, item.read): item.number for item in session.state.items.values()}

        def read(*key, status):
            start_empty(session, items[key], UPRIGHT)
            decide(session, items[key], status)

        read("a", 1, status="accepted")
        read("b", 1, status="corrected")
        read("b", 2, status="rejected")
        read("a", 2, status="corrected")
        read("c", 2, status="rejected")
        read("c", 1, status="accepted")
    (pair,) = pairs_of(merge([path]))
    assert (pair.before.case, pair.before.read) == ("a", 2)
    assert (pair.after.case, pair.after.read) == ("c", 1)
