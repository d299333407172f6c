"""A consensus of raters: whose masks have a vote, and the grid that it lies on."""

from __future__ import annotations

import os

import numpy as np
import pytest
from review.report.studies import SECRETS, make
from review.session.sessions import GRID, drawn
from review.session.sessions import make as make_plain

from napari_acs.errors import BadInput, Unwritable
from napari_acs.imaging import read_labels
from napari_acs.review.agreement import staple
from napari_acs.review.report import consensus
from napari_acs.review.report.consensus import write_consensus
from napari_acs.review.report.naming import names_of
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.merge import merge
from napari_acs.review.session.session import open_session


def test_the_consensus_lies_on_the_grid_that_was_drawn_on(tmp_path):
    made = make(tmp_path)
    merged = merge(made.files)
    names = names_of(merged)
    written = write_consensus(merged, names, tmp_path / "consensus")
    assert len(written.files) == 2
    order = list(next(iter(merged.states.values())).cases)
    for at, name in enumerate(order):
        file = tmp_path / "consensus" / written.files[names.cases[name]]
        assert not any(secret in file.name.removesuffix(".nii.gz") for secret in SECRETS)
        found = read_labels(file)
        both = [masks[at] for masks in made.corrected.values()]
        assert np.array_equal(found.array, staple(both).labels)
        assert found.grid.difference(made.heads[at].grid) is None
    record = written.records[names.cases[order[0]]]
    assert record["raters"] == ["Rater 1", "Rater 2"]
    assert {each["rater"] for each in record["reliability"]} == {"Rater 1", "Rater 2"}
    with pytest.raises(BadInput, match="already"):
        write_consensus(merged, names, tmp_path / "consensus")
    single = merge(made.files[:1])
    left = tmp_path / f".other-{'0' * 32}"  # of an export that was killed
    left.mkdir()
    os.utime(left, (0, 0))
    with pytest.raises(BadInput, match="several masks"):
        write_consensus(single, names_of(single), tmp_path / "other")
    assert not (tmp_path / "other").exists()
    assert not list(tmp_path.glob(".other*"))


def test_a_disk_that_fills_up_is_said_and_no_case_is_left_out_for_it(tmp_path, monkeypatch):
    made = make(tmp_path)
    merged = merge(made.files)
    write, written = consensus.write_labels, []

    def until_full(file, *args):
        if written:
            raise Unwritable(f"{file} cannot be written", found="a file that breaks off")
        written.append(write(file, *args))

    monkeypatch.setattr(consensus, "write_labels", until_full)
    with pytest.raises(BadInput, match=r"masks cannot be written: found a file that breaks off"):
        write_consensus(merged, names_of(merged), tmp_path / "masks")
    assert written and not list(tmp_path.glob("*masks*"))


def test_a_consensus_is_of_first_reads_whose_mask_was_not_rejected(tmp_path):
    """A second read is no second vote, and what its reader rejected nobody stands for."""
    files = make_plain(tmp_path, ("a", "b"), ("ann", "bob", "cy"), ai="hidden", repeats=1.0)
    rng = np.random.default_rng(5)
    first = {}
    for path in files:
        with open_session(path) as session:
            rater = session.state.rater
            for item in list(session.state.items.values()):
                labels = drawn(rng, 1)
                MaskEditor(session, start_empty(session, item.number, GRID).id).set_to(labels)
                thrown = (rater, item.case) in {("bob", "a"), ("bob", "b"), ("cy", "b")}
                decide(session, item.number, "rejected" if thrown else "corrected")
                if item.read == 1:
                    first[rater, item.case] = labels
    merged = merge(files)
    written = write_consensus(merged, names_of(merged, keep=True), tmp_path / "c")
    expected = staple([first["ann", "a"], first["cy", "a"]])
    found = read_labels(tmp_path / "c" / written.files["a"])
    np.testing.assert_array_equal(found.array, expected.labels)
    assert written.records["a"]["raters"] == ["ann", "cy"]
    told = [
        (e["rater"], e["region"], e["sensitivity"]) for e in written.records["a"]["reliability"]
    ]
    assert told == [
        (("ann", "cy")[each.rater], each.region, each.sensitivity) for each in expected.reliability
    ]
    assert len({sensitivity for _, _, sensitivity in told}) > 1
    assert written.left_out.keys() == {"b"}
