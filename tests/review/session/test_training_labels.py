"""Masks of one label as a training set: whole tumours in one colour are told from tissues."""

from __future__ import annotations

import numpy as np
import pytest
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.imaging import read_labels, read_study, write_labels
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import add_prediction, given_mask, start_empty, start_from
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.review.session.trainable import NOT_SAID, REASON
from napari_acs.review.session.training_set import write_training_set
from napari_acs.training.checks.labels import check_labels
from napari_acs.training.layouts import find_training_cases

MADE = {f"case-{number}": tiny(number) for number in range(4)}


def decided(tmp_path, one_colour, predicted=(), value=1):
    """A session of accepted cases; of those named, the mask has one label, or a model at work."""
    data = as_brats(tmp_path / "data", MADE)
    for name in one_colour:
        (file,) = (data / name).glob("*_seg.nii.gz")
        mask = read_labels(file)
        write_labels(file, value * (mask.array > 0).astype(np.uint8), mask.grid, overwrite=True)
    path = tmp_path / "one.review"
    cases = make_cases(find_sources([data]))
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        for number, name in enumerate(MADE, 1):
            grid = read_study(session.state.cases[session.item(number).case].path).grid
            given = given_mask(session, number, grid)
            if name in predicted:
                labels = np.zeros(grid.shape, np.uint8)
                labels[5:9, 5:9, 5:9] = 1
                given = add_prediction(session, number, labels, grid, title="model")
            start_from(session, given.id)
            decide(session, number, "accepted")
    return path


@pytest.mark.parametrize("value", [1, 2])
def test_whole_tumours_in_one_colour_are_not_trained_on_as_necrosis_or_oedema(tmp_path, value):
    path = decided(tmp_path, ["case-1"], predicted=["case-2"], value=value)
    made = write_training_set(path, tmp_path / "set")

    assert len(made.cases) == 3  # what a model calls core is core
    (why,) = made.left_out.values()
    assert f"label {value} alone" in why and not made.note
    assert list(made.reasons.values()) == [REASON.format(value=value)]
    assert len(find_training_cases([made.table])) == 3
    assert {p.name for p in (tmp_path / "set").iterdir() if p.is_dir()} == set(made.cases)


@pytest.mark.parametrize("value", [1, 2])
def test_where_all_masks_have_one_colour_nothing_says_what_it_means(tmp_path, value):
    path = decided(tmp_path, MADE, value=value)
    made = write_training_set(path, tmp_path / "set")

    assert len(made.cases) == len(MADE) and made.left_out == {}
    assert made.note == NOT_SAID.format(values=value)
    assert not (tmp_path / "set" / "dataset.json").exists()
    with pytest.raises(BadInput, match="do not tell oedema, core and enhancing tumour apart"):
        check_labels(find_training_cases([made.table]))


def test_all_that_enhances_is_no_whole_tumour_in_one_colour(tmp_path):
    """A metastasis may be nothing but enhancing tumour."""
    made = write_training_set(decided(tmp_path, ["case-1"], value=3), tmp_path / "set")
    assert len(made.cases) == len(MADE)


def test_oedema_that_a_reader_drew_or_left_over_is_oedema(tmp_path):
    """By hand label 2 has to be chosen; and a given mask with parts tells what its labels are."""
    data = as_brats(tmp_path / "data", {name: MADE[name] for name in ("case-0", "case-1")})
    cases = make_cases(find_sources([data]))
    path = tmp_path / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    with open_session(path) as session:
        grid = read_study(session.state.cases[session.item(1).case].path).grid
        MaskEditor(session, start_empty(session, 1, grid).id).stroke([0, 7], 2)
        editor = MaskEditor(session, start_from(session, given_mask(session, 2, grid).id).id)
        editor.stroke(np.flatnonzero(editor.array % 2), 0)
        assert set(np.unique(editor.array)) == {0, 2}
        for number in (1, 2):
            decide(session, number, "corrected")
    made = write_training_set(path, tmp_path / "set")
    assert len(made.cases) == 2 and not made.left_out and not made.note
    assert (tmp_path / "set" / "dataset.json").exists()
