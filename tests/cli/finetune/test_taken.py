"""What a fine-tune takes: a review session, an untrained bundle, a table of labels."""

import json
import shutil

import numpy as np
import pytest
from cli.finetune.hands import (
    finetune,
    parent_bundle,
    rewrite_masks,
)

from napari_acs.imaging import read_study
from napari_acs.imaging.pseudonym import KEY_VARIABLE
from napari_acs.models import load_bundle
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.masks import given_mask
from napari_acs.review.session.plan import make_plan
from napari_acs.review.session.session import open_session
from napari_acs.review.session.sources import find_sources
from napari_acs.training.finetune.cases import prepare_corrected


@pytest.mark.usefixtures("one_torch_thread")
def test_a_review_session_is_fine_tuned_from(place, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "a secret of this test")
    cases = make_cases(find_sources([place / "data"]))
    path = place / "s.review"
    create_sessions({"ann": path}, cases, {"ann": make_plan([case.name for case in cases])})
    code, said = finetune(place, place / "parent", "reviewed", "--steps", 3, data=path.name)
    assert code == 2
    assert "s.review gives no training set" in said
    with open_session(path) as session:
        for number, status in enumerate(("accepted", "accepted", "rejected", "accepted"), start=1):
            given_mask(session, number, read_study(cases[number - 1].path).grid)
            decide(session, number, status)
    code, said = finetune(place, place / "parent", "reviewed", "--steps", 3, data=path.name)
    assert code == 0, said
    training = load_bundle(place / "reviewed").spec.training
    taken = {*training["cases"], *training["held_out"]}
    assert taken == {case.name for number, case in enumerate(cases) if number != 2}


def test_an_untrained_bundle_becomes_a_trained_one_that_predicts(place):
    parent_bundle(place / "fresh", status="untrained")
    code, said = finetune(place, place / "fresh", "taught", "--steps", 30)
    assert code == 0, said
    bundle = load_bundle(place / "taught")
    assert bundle.spec.status == "trained"
    assert "before" not in bundle.spec.metrics
    assert "untrained" in bundle.spec.training["verdict"]
    bundle.network()
    assert f"napari-acs models add {bundle.path}" in said, "it is not promoted: how is it used?"
    code, said = finetune(place, place / "fresh", "taught", "--steps", 30, "--promote")
    assert code == 2
    assert "with a finished model" in said and "napari-acs models add" in said


def test_a_dataset_json_beside_the_cases_is_obeyed(place, tmp_path):
    shutil.copytree(place / "data", tmp_path / "data")
    rewrite_masks(tmp_path / "data", lambda labels: np.array([0, 6, 5, 0, 7])[labels])
    names = {"background": 0, "edema": 5, "necrosis": 6, "enhancing tumor": 7}
    (tmp_path / "data" / "dataset.json").write_text(json.dumps({"labels": names}))
    spec = load_bundle(place / "parent").spec
    made = []
    for root, cache in ((place, "as_brats"), (tmp_path, "as_said")):
        list(prepare_corrected([root / "data" / "case1"], tmp_path / cache, spec, "cpu"))
        made.append(np.load(tmp_path / cache / "case1.npz")["labels"])
    assert set(np.unique(made[0])) == {0, 1, 2, 3}
    np.testing.assert_array_equal(*made)
