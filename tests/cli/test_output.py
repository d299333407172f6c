"""Files that a command writes: what is refused before any work."""

from __future__ import annotations

import os

import pytest

from napari_acs.cli.output import check_report, check_target
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
