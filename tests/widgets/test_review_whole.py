"""What the card of the whole session offers, by what the session says."""

from __future__ import annotations

from dataclasses import replace

from qtpy.QtWidgets import QLabel, QPushButton

from napari_acs.review.session.state import Audit, Case, Item, Read, SessionState
from napari_acs.widgets.review_whole import ReviewWhole


def test_an_audit_is_offered_of_what_was_accepted_in_bulk_and_not_drawn(qtbot):
    card = ReviewWhole()
    qtbot.addWidget(card)
    audit, bulk = (card.findChild(QPushButton, name) for name in ("audit", "bulk"))
    said = card.findChild(QLabel, "audited")
    cases = {name: Case(name, "", "", "", mask="m", uncertainty=0.05) for name in "ab"}
    items = {n: Item(n, name, 1, "shown") for n, name in enumerate("ab", 1)}
    state = SessionState(cases=cases, items=items)
    card.show_state(state)
    assert (audit.isEnabled(), bulk.isEnabled()) == (False, True)
    assert bulk.text() == "Accept 2 confident case(s) ..."
    card.most.setValue(0.04)
    assert not bulk.isEnabled()
    taken = Read("accepted", 5, "", None, {}, "uncertainty at most 0.1")
    items = {n: replace(item, status="accepted", decided=taken) for n, item in items.items()}
    card.show_state(replace(state, items=items))
    assert audit.isEnabled() and said.isHidden()
    drawn = {n: replace(i, status="needs second read", audited=True) for n, i in items.items()}
    card.show_state(replace(state, items=drawn, audits=(Audit((1, 2), (1, 2), 0),)))
    assert not audit.isEnabled()
    assert said.text() == "Audit: 0 of 2 drawn are read again."
