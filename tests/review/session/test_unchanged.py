"""Images that are others than those a session was made of are noticed wherever they are read."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from imaging.dicom.study import SECOND, phantom, write_sequences, write_study
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging import read_study
from napari_acs.imaging.cancel import never
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.review.report.images import images_of
from napari_acs.review.session.audit import accept_in_bulk, confident_items
from napari_acs.review.session.certainty import uncertainty_of
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide, reveal
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.locate import study_paths
from napari_acs.review.session.masks import (
    add_prediction,
    given_mask,
    is_other,
    start_empty,
)
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.training_set import write_training_set
from napari_acs.review.session.unchanged import (
    OTHER_IMAGES,
    OTHER_MASK,
    content_of,
    digest_of,
    images_are_others,
    mask_is_other,
)
from napari_acs.viewer.review_begin import mask_in_hand, take_given
from napari_acs.viewer.review_case import read_case

MADE = {f"case-{number}": tiny(number) for number in range(2)}


def no_mask(folder):
    files = [file for file in folder.iterdir() if "_seg" not in file.name]
    return content_of([digest_of(file) for file in files])


@pytest.mark.parametrize("keep_names", [False, True])
def test_images_that_are_another_patients_now_are_not_exported_with_the_mask(tmp_path, keep_names):
    data = as_brats(tmp_path / "data", MADE)
    cases = make_cases(find_sources([data]), keep_names=keep_names)
    if keep_names:  # by one hash of images and mask nobody can tell which of the two is another
        cases = [replace(case, mask="", content=no_mask(data / case.name)) for case in cases]
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        for number in (1, 2):
            case = session.state.cases[session.item(number).case]
            grid = read_study(study_paths(session.state, case, path)).grid
            MaskEditor(session, start_empty(session, number, grid).id).stroke([5], 2)
            decide(session, number, "corrected")
    state = read_session(path)
    flairs = [next((data / name).glob("*_flair.nii.gz")) for name in ("case-0", "case-1")]
    assert not images_are_others(state, state.cases[state.items[1].case], path)
    shutil.copy(flairs[1], flairs[0])
    assert read_case(state, 1, path).notes == (OTHER_IMAGES,)
    assert read_case(state, 2, path).notes == ()
    made = write_training_set(path, tmp_path / "set")
    assert list(made.left_out) == [state.items[1].case]
    assert "another file has taken the place" in made.left_out[state.items[1].case]
    volumes, warning = images_of(state, state.cases[state.items[1].case], path, never)
    assert not volumes
    assert OTHER_IMAGES in warning


def test_a_mask_that_a_model_made_anew_is_no_other_image(tmp_path):
    data = as_brats(tmp_path / "data", MADE)
    for keep in (False, True):
        cases = make_cases(find_sources([data]), keep_names=keep)
        path = tmp_path / f"{keep}.review"
        create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    shutil.copy(two, one)
    for keep in (False, True):
        path = tmp_path / f"{keep}.review"
        state = read_session(path)
        assert not any(images_are_others(state, case, path) for case in state.cases.values())


@pytest.mark.parametrize("keep_names", [False, True])
def test_a_mask_that_was_made_anew_is_not_accepted_unseen(tmp_path, keep_names):
    """The figure that it would be accepted by is that of the mask before."""
    data = as_brats(tmp_path / "data", MADE)
    cases = make_cases(find_sources([data]), keep_names=keep_names)
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    state = read_session(path)
    assert not any(mask_is_other(state, case, path) for case in state.cases.values())
    shutil.copy(two, one)
    assert [mask_is_other(state, case, path) for case in state.cases.values()] == [True, False]
    assert [read_case(state, item, path).notes for item in (1, 2)] == [(OTHER_MASK,), ()]
    with open_session(path) as session:
        with pytest.raises(BadInput, match=r"unseen: found another file of it.*Open item 1"):
            accept_in_bulk(session, [1, 2], "sure")
        assert not any(item.decided for item in session.state.items.values())
        given_mask(session, 1, read_study(study_paths(state, cases[0], path)).grid)  # it was opened
        decide(session, 1, "accepted")
        accept_in_bulk(session, [2], "sure")
    one.unlink()
    assert not mask_is_other(state, cases[0], path)


def test_a_mask_that_was_made_anew_is_not_accepted_unseen_once_its_case_was_opened(tmp_path):
    """It was taken into the session then, and accepted by the figure of the mask before."""
    data = as_brats(tmp_path / "data", MADE)
    sources = [replace(each, uncertainty=0.1) for each in find_sources([data])]
    cases = make_cases(sources)
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    shutil.copy(two, one)
    state = read_session(path)
    with open_session(path) as session:
        assert confident_items(session.state, 0.2) == [1, 2]
        for item in (1, 2):
            images = read_case(state, item, path)
            take_given(session, images)
            mask_in_hand(session, images)
        assert [each.status for each in session.state.items.values()] == ["to do", "to do"]
        assert [uncertainty_of(session.state, item) for item in (1, 2)] == [None, 0.1]
        assert confident_items(session.state, 0.2) == [2]
        labels = np.ones(read_study(cases[0].path).grid.shape, np.uint8)
        add_prediction(
            session, 1, labels, read_study(cases[0].path).grid, title="m", uncertainty=0.0
        )
        assert confident_items(session.state, 0.2) == [2]
        with pytest.raises(BadInput, match="a mask, or images, other than"):
            accept_in_bulk(session, [1, 2], "sure")
        accept_in_bulk(session, [2], "sure")


def test_a_case_that_is_opened_is_hashed_once(tmp_path, monkeypatch):
    data = as_brats(tmp_path / "data", MADE)
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    hashed = []

    def digest(file, cancelled):
        hashed.append(file.name)
        return digest_of(file, cancelled)

    monkeypatch.setattr("napari_acs.review.session.unchanged.digest_of", digest)
    assert read_case(read_session(path), 1, path).notes == ()
    assert sorted(hashed) == sorted(set(hashed)) and len(hashed) == 5


def test_blinded_readers_are_not_told_of_a_mask_that_was_made_anew(tmp_path):
    data = as_brats(tmp_path / "data", MADE)
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    plan = make_plan([case.name for case in cases], ai="hidden")
    create_sessions({"ann": path}, cases, {"ann": plan})
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    shutil.copy(two, one)
    assert read_case(read_session(path), 1, path).notes == ()


def test_a_folder_that_holds_another_dicom_study_now_is_noticed(tmp_path, monkeypatch):
    folder = tmp_path / "scans" / "one"
    write_study(folder)
    path = tmp_path / "s.review"
    cases = make_cases(find_sources([folder]))
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    state = read_session(path)
    assert not images_are_others(state, cases[0], path)
    with monkeypatch.context() as elsewhere:  # the session and its images on another machine
        elsewhere.setenv(KEY_VARIABLE, "another lab")
        assert not images_are_others(state, cases[0], path)
    next(folder.rglob("*.dcm")).unlink()  # or one more: the study is still that one
    assert not images_are_others(state, cases[0], path)
    shutil.rmtree(folder)
    write_sequences(folder, phantom(), study_uid=SECOND)
    assert images_are_others(state, cases[0], path)
    assert read_case(state, 1, path).notes == (OTHER_IMAGES,)


def test_images_whose_names_say_nothing_are_looked_at_too(tmp_path):
    data = as_brats(tmp_path / "data", MADE)
    one, two = (next((data / name).glob("*_flair.nii.gz")) for name in MADE)
    folder = tmp_path / "scan"
    folder.mkdir()
    shutil.copy(one, folder / "picture.nii.gz")
    path = tmp_path / "s.review"
    cases = make_cases(find_sources([folder]))
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    state = read_session(path)
    assert not images_are_others(state, cases[0], path)
    shutil.copy(two, folder / "picture.nii.gz")
    assert images_are_others(state, cases[0], path)


def test_a_case_that_is_nothing_but_a_mask_says_that_it_is_another_now(tmp_path):
    data = as_brats(tmp_path / "data", MADE)
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    table = tmp_path / "masks.csv"
    table.write_text(f"study,mask,uncertainty\n{one},{one},0.1\n{two},{two},0.1\n")
    cases = make_cases(find_sources([table]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    assert read_case(read_session(path), 1, path).notes == ()
    shutil.copy(two, one)
    found = read_case(read_session(path), 1, path)
    assert found.notes == (OTHER_MASK,)
    with open_session(path) as session:
        take_given(session, found)
        assert uncertainty_of(session.state, 1) is None
        assert confident_items(session.state, 1) == [2]


@pytest.mark.parametrize("ai", ["shown", "after"])
def test_a_mask_that_is_replaced_after_its_images_were_read_is_noticed_when_it_is_taken(
    tmp_path, ai
):
    """The next case is read ahead; a case read in two parts long before its mask is shown."""
    data = as_brats(tmp_path / "data", MADE)
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    plan = make_plan([case.name for case in cases], ai=ai)
    create_sessions({"ann": path}, cases, {"ann": plan})
    one, two = (next((data / name).glob("*_seg.nii.gz")) for name in MADE)
    with open_session(path) as session:
        early = [read_case(session.state, number, path) for number in (1, 2)]
        assert [images.others for images in early] == [False, False]
        shutil.copy(two, one)
        for number in (1, 2) if ai == "after" else ():
            mask_in_hand(session, early[number - 1])
            decide(session, number, "corrected")
            reveal(session, number)
        said = [take_given(session, images) for images in early]
        assert [OTHER_MASK in notes for notes in said] == [True, False]
        assert [is_other(session.state, number) for number in (1, 2)] == [True, False]
