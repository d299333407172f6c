"""Files that a command writes: what is refused before any work."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from napari_acs.cli.output import check_report, check_target, write_text
from napari_acs.errors import BadInput


@pytest.mark.skipif(os.name == "nt", reason="no devices with paths")
def test_a_device_or_a_pipe_is_not_replaced_even_by_force(tmp_path):
    """As root ``--json /dev/null --force`` put a file where the machine had its /dev/null."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link.json"
    link.symlink_to(pipe)
    for target in (pipe, link, os.devnull):
        with pytest.raises(BadInput, match="is no file but a device or a pipe"):
            check_report(str(target), force=True)
    assert pipe.is_fifo() and link.is_symlink()


def test_a_link_that_leads_nowhere_is_replaced_by_force_alone(tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "gone")
    check_target(link, force=True)
    with pytest.raises(BadInput, match="already exists"):
        check_target(link, force=False)


def test_a_text_is_put_in_place_in_one_step(tmp_path, monkeypatch):
    """Killed at any moment, a report leaves the one before or the new one, whole."""
    target = tmp_path / "report.html"
    write_text(target, "earlier")

    def broken(self, _):
        assert (self.read_text(), target.read_text()) == ("a later one", "earlier")
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", broken)
        with pytest.raises(BadInput, match="cannot be written"):
            write_text(target, "a later one")
    assert target.read_text() == "earlier" and list(tmp_path.iterdir()) == [target]
    write_text(target, "a later one")
    assert target.read_text() == "a later one"
