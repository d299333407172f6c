"""A report of one item is of that reading, and of what the other raters made of its case."""

from __future__ import annotations

from review.session.sessions import make

from napari_acs.review.report.gather import gather
from napari_acs.review.session.session import read_session


def test_a_repeat_is_an_item_of_its_own(tmp_path):
    files = make(tmp_path, raters=("ann", "bob"), repeats=1.0, seed=2)
    ann = read_session(files[0]).items
    second = next(item for item in ann.values() if item.read == 2)
    cases = gather(files, item=second.number).cases
    assert [(c.rater, c.read) for c in cases] == [("Rater 1", 2), ("Rater 2", 1), ("Rater 2", 2)]
    (alone,) = gather(files[:1], item=second.number).cases
    assert (alone.item, alone.read) == (second.number, 2)
