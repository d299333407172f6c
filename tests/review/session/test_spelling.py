"""Names that no session can hold are refused in words that every screen takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from review.session.sessions import make
from training.tiny import as_brats, tiny

from napari_acs.errors import BadInput
from napari_acs.review.session.create import create_sessions, make_cases
from napari_acs.review.session.sources import find_sources
from napari_acs.viewer.review_files import make_session

LATIN_1 = b"M\xfcller"
"""A folder as an old disk may have it: no UTF-8."""


def renamed(folder: Path) -> Path:
    try:
        return folder.rename(folder.with_name(os.fsdecode(LATIN_1)))
    except OSError:
        pytest.skip("this file system holds nothing but UTF-8")


def test_a_study_whose_name_is_no_text_is_named_and_refused(tmp_path):
    data = as_brats(tmp_path / "data", {"case-0": tiny(0), "case-1": tiny(1)})
    renamed(data / "case-1")
    with pytest.raises(BadInput, match=r"no text.*/data/M\\xfcller; expected.*Rename") as refusal:
        make_cases(find_sources([data]))
    refusal.value.sentence().encode()


def test_a_session_in_such_a_folder_or_of_such_a_rater_is_refused(tmp_path):
    (tmp_path / "home").mkdir()
    folder = renamed(tmp_path / "home")
    with pytest.raises(BadInput, match=r"session's file or folder.*M\\xfcller"):
        make(folder)
    rater = os.fsdecode(LATIN_1)
    with pytest.raises(BadInput, match=r"A rater has.*M\\xfcller"):
        create_sessions({rater: tmp_path / "s.review"}, [], {rater: []})
    assert list(folder.iterdir()) == []


def test_a_name_that_is_too_long_for_a_file_is_refused_and_the_longest_is_not(tmp_path):
    with pytest.raises(BadInput, match=r"xxx\.\.\. is too long.*260 bytes; expected at most 247"):
        make_session([tmp_path], "ann", tmp_path / ("x" * 253 + ".review"))
    with pytest.raises(BadInput, match="too long"):
        make(tmp_path, raters=("ann", "ä" * 125))
    assert list(tmp_path.iterdir()) == []
    (path,) = make(tmp_path, raters=("ä" * 120,))
    assert path.is_file()
