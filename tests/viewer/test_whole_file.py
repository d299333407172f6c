"""A text file is written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from napari_acs.errors import BadInput
from napari_acs.viewer.whole_file import write_whole


def test_a_full_disk_takes_no_earlier_file(tmp_path, monkeypatch):
    target = tmp_path / "measures.csv"
    write_whole(target, "earlier\n")
    write = Path.write_text

    def full(self, text, **options):
        write(self, text[: len(text) // 2], **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(BadInput, match=r"measures\.csv cannot be written.*no space left"):
        write_whole(target, "a later one\n")
    assert target.read_text() == "earlier\n"
    assert list(tmp_path.iterdir()) == [target]


def test_a_text_is_on_the_disk_before_it_takes_an_earlier_ones_place(tmp_path, monkeypatch):
    """Else a power cut can leave a file without content under the old name."""
    target = tmp_path / "reads.csv"
    target.write_text("earlier\n")
    seen = []

    def synced(handle):
        (draft,) = (file for file in tmp_path.iterdir() if file != target)
        seen.append((draft.read_text(), target.read_text()))

    monkeypatch.setattr("napari_acs.viewer.whole_file.os.fsync", synced)
    write_whole(target, "a later one\n")
    assert seen == [("a later one\n", "earlier\n")]
