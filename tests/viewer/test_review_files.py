"""What the Review panel says of the files that it writes."""

from __future__ import annotations

import sqlite3

from review.report.studies import make

from napari_acs.viewer.review_files import export_training


def test_a_training_set_of_a_log_that_was_changed_says_so(tmp_path):
    made = make(tmp_path)
    said = export_training(made.files[0], tmp_path / "set")
    assert "2 cases" in said and "NOT" not in said
    forged = sqlite3.connect(made.files[0])
    (rule,) = forged.execute(
        "SELECT sql FROM sqlite_master WHERE name='event_no_update'"
    ).fetchone()
    forged.execute("DROP TRIGGER event_no_update")
    forged.execute("UPDATE event SET data = replace(data, 'corrected', 'accepted')")
    forged.execute(rule)
    forged.commit()
    forged.close()
    said = export_training(made.files[0], tmp_path / "other")
    assert "The log is NOT as it was written: event" in said
