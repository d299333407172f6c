"""An agreement says which reads it does not count, and what regions that are empty count as."""

from __future__ import annotations

import numpy as np
from review.session.sessions import GRID, SHAPE, make

from napari_acs.review.report.gather import gather
from napari_acs.review.report.page import page_of
from napari_acs.review.session.decisions import decide
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.session import open_session


def test_what_is_not_counted_and_what_is_empty_is_said(tmp_path):
    files = make(tmp_path, "abcd", ("ann", "bob"), ai="hidden")
    oedema = np.zeros(SHAPE, np.uint8)
    oedema[2:4, 2:4, 2:4] = 2
    for path in files:
        with open_session(path) as session:
            second = session.state.rater == "bob"
            for number, case in ((1, "a"), (2, "b"), (3, "c")):
                assert session.item(number).case == case
                mask = start_empty(session, number, GRID)
                if case == "a" or (case == "b" and second):
                    MaskEditor(session, mask.id).set_to(oedema)
                asked = case == "c" and second
                decide(session, number, "needs second read" if asked else "accepted")
    report = gather(files)
    notes = report.agreement.notes
    assert notes[0] == ("3 of 8 reads are left out: not decided yet, or in need of a second read.")
    # Of a all three regions, of b all three; only oedema was drawn.
    assert notes[1].startswith("4 of 6 comparisons are of a region that neither mask has")
    assert notes[2].startswith("1 of 6 comparisons are of a region that one mask alone has")
    assert "Dice 0 and HD95 373.1 mm" in notes[2]
    assert len(notes) == 4  # and too few cases for limits of agreement
    page = page_of(report)
    assert all(note in page for note in notes)
