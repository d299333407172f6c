"""An open session and the case in hand, without a window."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from review.session.sessions import GRID, make

from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session
from napari_acs.review.session.verify import verify
from napari_acs.viewer.review_case import CaseImages
from napari_acs.viewer.review_desk import Desk


@pytest.fixture
def desk(tmp_path):
    (path,) = make(tmp_path)
    desk = Desk()
    desk.open(path)
    yield desk
    desk.close()


def test_a_file_that_is_copied_while_it_is_open_has_the_cases_that_were_left(desk, tmp_path):
    """Somebody backs the file up, and knows nothing of what SQLite keeps beside it."""
    begun = desk.begin(CaseImages(1, (), (GRID,)))
    begun.shown[1:3, 2:5, 2:6] = 3
    desk.save(begun.shown, painted=True)
    head = desk.session.log.head
    desk.leave()
    copy = tmp_path / "elsewhere" / "copy.review"
    copy.parent.mkdir()
    shutil.copy(desk.session.path, copy)
    assert verify(copy, head).sound
    with open_session(copy) as session:
        mask = session.state.masks[session.item(1).masks[-1]]
        assert np.count_nonzero(mask_at(session.log.connection, mask)) == 24
    desk.begin(CaseImages(2, (), (GRID,)))
    assert desk.session.state.position.item == 2


def test_a_case_can_be_left_where_its_log_cannot_be_moved(desk):
    desk.begin(CaseImages(1, (), (GRID,)))
    desk.session.log.connection.execute("BEGIN")  # SQLite then refuses to
    desk.leave()
    desk.session.log.connection.execute("ROLLBACK")
    desk.begin(CaseImages(2, (), (GRID,)))
