"""How a command ends where nobody foresaw what happened."""

from __future__ import annotations

import pytest
import typer

from napari_acs.cli.outcome import exits


def test_memory_that_runs_out_is_no_fault_of_ours(capsys):
    @exits
    def command() -> None:
        raise MemoryError

    with pytest.raises(typer.Exit) as end:
        command()
    assert end.value.exit_code == 2
    said = capsys.readouterr().err
    assert "not enough memory" in said
    assert "at fault" not in said
