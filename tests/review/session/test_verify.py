"""A log that was tampered with is found out, and the first bad event is named."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from review.session.sessions import GRID, SHAPE, make

from napari_acs.errors import BadInput
from napari_acs.review.session import editing
from napari_acs.review.session.chain import Head, canonical, event_hash
from napari_acs.review.session.decisions import answer, decide, go_to, write_note
from napari_acs.review.session.editing import MaskEditor
from napari_acs.review.session.form import form_of
from napari_acs.review.session.log import COLUMNS, read_events
from napari_acs.review.session.masks import add_prediction, start_from
from napari_acs.review.session.schema import STEPS
from napari_acs.review.session.session import open_session, read_session
from napari_acs.review.session.verify import parse_head, verify

_FORM = form_of({"fields": [{"name": "sure", "type": "yes/no"}]})


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(editing, "SNAPSHOT_EVERY", 4)
    (path,) = make(tmp_path, form=_FORM)
    with open_session(path) as session:
        labels = np.random.default_rng(0).integers(0, 3, SHAPE, np.uint8)
        prediction = add_prediction(session, 1, labels, GRID, title="model", uncertainty=0.2)
        go_to(session, 1, (1, 2, 3))
        editor = MaskEditor(session, start_from(session, prediction.id).id)
        for step in range(6):
            editor.stroke(np.arange(step, step + 20), 3)
        editor.undo()
        editor.redo()
        answer(session, 1, {"sure": True})
        write_note(session, 1, "edge unclear")
        decide(session, 1, "corrected")
    assert verify(path).sound
    return path


@pytest.fixture
def forge(path):
    """Change the file by SQL as somebody who knows the triggers does: away, change, back."""

    def change(*statements: tuple[str, tuple]):
        connection = sqlite3.connect(path, isolation_level=None)
        rules = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in rules:
            connection.execute(f"DROP TRIGGER {name}")
        for statement, values in statements:
            assert connection.execute(statement, values).rowcount, statement
        for _, sql in rules:
            connection.execute(sql)
        connection.close()
        return verify(path)

    return change


def events_of(path):
    connection = sqlite3.connect(path)
    try:
        return list(read_events(connection))
    finally:
        connection.close()


@pytest.mark.parametrize("column", COLUMNS.split(", "))
def test_every_column_of_every_event_is_guarded(column, path, forge):
    events = events_of(path)
    kinds = {}  # one event of each kind: the log in full would take a minute
    for event in events:
        kinds.setdefault(event.kind, event)
    kept = path.with_name("kept")
    shutil.copy(path, kept)
    for event in kinds.values():
        old = getattr(event, column)
        new = (old or 0) + 1 if column in {"item", "mask", "run", "backwards", "clock_ms"} else "x"
        new = event.seq + 1000 if column == "seq" else new
        verdict = forge((f"UPDATE event SET {column} = ? WHERE seq = ?", (new, event.seq)))
        assert verdict.bad == event.seq, (event.kind, verdict)
        shutil.copy(kept, path)


def test_voxels_that_are_changed_gone_or_added_are_found(path, forge):
    blobs = [event.seq for event in events_of(path) if event.blob_sha256]
    kept = path.with_name("kept")
    shutil.copy(path, kept)
    for seq in blobs:
        for statement in (
            "UPDATE blob SET content = substr(content, 1, length(content) - 1) WHERE seq = ?",
            "UPDATE blob SET content = x'00' || content WHERE seq = ?",
            "DELETE FROM blob WHERE seq = ?",
        ):
            assert forge((statement, (seq,))).bad == seq
            shutil.copy(kept, path)
    last = events_of(path)[-1].seq
    assert forge(("INSERT INTO blob VALUES (?, x'00')", (last,))).bad == last


def test_text_that_is_no_text_is_found(path, forge):
    note = next(event.seq for event in events_of(path) if event.kind == "note")
    assert (
        forge(("UPDATE event SET data = CAST(x'ff7b7d' AS TEXT) WHERE seq = ?", (note,))).bad
        == note
    )


def test_a_deleted_event_is_found_in_the_middle_and_at_the_end_by_an_exported_head(path, forge):
    head = verify(path).head
    assert parse_head(str(head)) == head
    assert verify(path, head).sound
    kept = path.with_name("kept")
    shutil.copy(path, kept)
    assert forge(("DELETE FROM event WHERE seq = ?", (7,))).bad == 7
    shutil.copy(kept, path)
    # The file alone cannot show that its end is missing: that is what the head is exported for.
    assert forge(("DELETE FROM event WHERE seq = ?", (head.seq,))).sound
    verdict = verify(path, head)
    assert verdict.bad == head.seq
    assert "cut off" in verdict.why


def rewritten(path, forge, seq, **changes):
    """Change an event, and compute the chain anew from there, as a forger with this code does."""
    statements, previous = [], None
    for event in events_of(path):
        if event.seq == seq:
            event = replace(event, **changes)  # noqa: PLW2901
        if previous is not None:
            event = replace(event, previous=previous)  # noqa: PLW2901
        new = replace(event, hash=event_hash(event))
        previous = new.hash
        statements.append(
            (
                "UPDATE event SET data = ?, previous = ?, hash = ? WHERE seq = ?",
                (new.data, new.previous, new.hash, new.seq),
            )
        )
    return forge(*statements)


def test_a_log_written_anew_agrees_with_no_exported_head(path, forge):
    head = verify(path).head
    note = next(event for event in events_of(path) if event.kind == "note")
    assert rewritten(path, forge, note.seq, data=canonical({"text": "all clear"})).sound
    assert verify(path, head).bad == head.seq
    assert not verify(path, Head(note.seq, note.hash)).sound


@pytest.mark.parametrize("kind", ["stroke", "mask"])
def test_counts_that_the_voxels_belie_are_found_even_in_a_new_chain(kind, path, forge):
    event = [event for event in events_of(path) if event.kind == kind][-1]
    data = event.read()
    key = "steps" if kind == "stroke" else "voxels"
    verdict = rewritten(path, forge, event.seq, data=canonical({**data, key: data[key] + 1}))
    assert verdict.bad == event.seq
    assert "makes no sense" in verdict.why


def test_the_rules_of_the_log_hold_and_their_removal_is_found(path):
    connection = sqlite3.connect(path, isolation_level=None)
    row = connection.execute("SELECT * FROM event WHERE seq = 3").fetchone()
    marks = ", ".join("?" * len(row))
    for statement, values in (
        ("UPDATE event SET kind = 'x' WHERE seq = 3", ()),
        ("DELETE FROM event WHERE seq = 3", ()),
        (f"INSERT OR REPLACE INTO event VALUES ({marks})", row),
        ("UPDATE blob SET content = x'00'", ()),
        ("DELETE FROM blob", ()),
        ("INSERT OR REPLACE INTO blob SELECT seq, x'00' FROM blob", ()),
    ):
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement, values)
    assert verify(path).sound
    connection.execute("DROP TRIGGER event_no_delete")
    connection.close()
    verdict = verify(path)
    assert "event_no_delete" in verdict.why
    # a new version needs a test that an old file is migrated: test_dates.py for 2
    assert len(STEPS) == 2


def test_an_index_that_leaves_strokes_out_is_found(path):
    """Masks are looked up by it: without the last strokes they would add up all the same."""
    last = [event.seq for event in events_of(path) if event.kind == "stroke"][-1]
    (rule,) = sqlite3.connect(path).execute(
        "SELECT sql FROM sqlite_master WHERE name = 'event_by_mask'"
    )
    for step, sql in enumerate((f"{rule[0]} AND seq < {last}", rule[0])):
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'event_by_mask'", (sql,))
        connection.execute(f"PRAGMA schema_version = {900 + step}")
        connection.close()
        if not step:
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("REINDEX event_by_mask")
            connection.close()
    verdict = verify(path)
    assert "event_by_mask" in verdict.why and not verdict.sound


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *(
            (kind, data)
            for kind in ("redo", "position", "mask")
            for data in ("[]", "{", "[" * 10**5)
        ),
        ("redo", '{"of": {}}'),
        ("redo", f'{{"of": {10**30}}}'),
        ("position", '{"index": 5}'),
    ],
)
def test_what_makes_no_sense_is_named_also_in_a_new_chain(kind, data, path, forge):
    event = [event for event in events_of(path) if event.kind == kind][-1]
    verdict = rewritten(path, forge, event.seq, data=data)
    assert verdict.bad == event.seq
    if kind == "position":  # every opening reads it, and no opening goes through the chain
        with pytest.raises(BadInput, match=rf"{path.name} is not as.*event {event.seq}.*verify"):
            read_session(path)


@pytest.mark.parametrize("version", [0, -1])
def test_a_file_without_a_version_is_refused(version, path):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    for look in (verify, read_session, lambda path: open_session(path).__enter__()):
        with pytest.raises(BadInput, match=f"found version {version}"):
            look(path)
