"""A file and its log, copied at different moments: refused with a sentence, or nothing is wrong.

What a program that synchronises or backs up folders makes of a session that is open.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.session.decisions import decide, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.log import read_events
from napari_acs.review.session.masks import start_empty
from napari_acs.review.session.replay import mask_at
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import verify

STEPS = 240


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    """Return file and log after each step of a session, and what it was then, by its last event."""
    (path,) = make(tmp_path_factory.mktemp("synced"), [f"study-{n}" for n in range(30)])
    log = path.with_name(f"{path.name}-wal")
    draw = np.random.default_rng(3)
    found, known = [], {}
    with open_session(path) as session:
        editors = [MaskEditor(session, start_empty(session, item, GRID).id) for item in (1, 2, 3)]
        for step in range(STEPS):
            which = int(draw.integers(3))
            if draw.random() < 0.75:
                at = draw.integers(0, np.prod(SHAPE), 60)
                editors[which].stroke(at, int(draw.integers(0, 4)))
            elif draw.random() < 0.6:
                write_note(session, int(draw.integers(1, 31)), f"{step} {'x' * step * 12}")
            else:
                decide(session, which + 1, "corrected")
            if draw.random() < 0.1:
                session.log.settle()
            found.append((path.read_bytes(), log.read_bytes(), session.log.head.seq))
            items = session.state.items
            told = [(items[n].note, items[n].status) for n in items]
            known[session.log.head.seq] = (told, [editor.array.copy() for editor in editors])
        masks = [session.item(item).masks[0] for item in (1, 2, 3)]
    return found, known, masks


def put(folder, file, log):
    folder.mkdir()
    path = folder / "copy.review"
    path.write_bytes(file)
    path.with_name("copy.review-wal").write_bytes(log)
    return path


def test_a_copy_of_two_moments_is_refused_untouched_or_opens_as_it_was(moments, tmp_path):
    found, known, masks = moments
    draw = np.random.default_rng(5)
    refused = opened = 0
    for number in range(150):
        one = int(draw.integers(STEPS))
        other = int(np.clip(one + draw.integers(-25, 25), 0, STEPS - 1))
        file, log = found[one][0], found[other][1]
        path = put(tmp_path / str(number), file, log)
        try:
            with open_session(path) as session:
                items = session.state.items
                told, arrays = known[session.log.run - 1]
                assert [(items[n].note, items[n].status) for n in items] == told
                for mask, array in zip(masks, arrays, strict=True):
                    now = mask_at(session.log.connection, session.state.masks[mask])
                    assert np.array_equal(now, array)
            opened += 1
        except BadInput as refusal:
            assert "copy" in str(refusal), refusal
            assert path.read_bytes() == file
            assert path.with_name("copy.review-wal").read_bytes() == log
            refused += 1
            continue
        assert verify(path).sound
    assert refused > 20
    assert opened > 20


def test_reading_a_copy_does_not_put_its_halves_together_for_good(moments, tmp_path):
    found, _, _ = moments
    path = put(tmp_path / "copy", found[60][0], found[200][1])  # the file is still to come
    with suppress(BadInput):  # where SQLite itself stumbles
        assert not verify(path).sound
    assert path.read_bytes() == found[60][0]
    assert path.with_name("copy.review-wal").read_bytes() == found[200][1]
    path.write_bytes(found[200][0])
    assert read_session(path).head.seq == found[200][2]
    with open_session(path):
        pass
    assert verify(path).sound


def test_a_session_that_was_not_closed_is_gone_through_and_one_that_was_opens_at_once(
    tmp_path, monkeypatch
):
    (path,) = make(tmp_path)
    asked = []
    monkeypatch.setattr(
        "napari_acs.review.session.log.read_events",
        lambda connection, *words: asked.append(words) or read_events(connection, *words),
    )
    with open_session(path) as session:
        write_note(session, 1, "one")
        assert not asked
        file = path.read_bytes()
        log = path.with_name(f"{path.name}-wal").read_bytes()
    with open_session(path):
        assert not asked
    with open_session(put(tmp_path / "killed", file, log)) as session:
        assert asked
        assert session.item(1).note == "one"
    torn = put(tmp_path / "torn", file, log)
    connection = sqlite3.connect(torn)
    connection.execute("DROP TRIGGER event_no_update")
    connection.execute("UPDATE event SET at = 'x' WHERE seq = 2")
    connection.commit()
    connection.close()  # which leaves no log: the last event tells that it was not closed
    with pytest.raises(BadInput, match=r"not closed, and in it: event 2 \(case\) was changed"):
        open_session(torn).__enter__()
