"""Warn where what is told comes from a log that somebody has changed."""

# ruff: noqa: PLC0415 - rooms are imported when a command needs them: help stays fast
from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from napari_acs.review.report.naming import Names
    from napari_acs.review.session.merge import Merged


def warn_of_changes(merged: Merged, called: Names) -> dict[str, str]:
    """Say on the terminal whose log is not as it was written, and return why, by rater."""
    from napari_acs.review.session.verify import changed_logs

    changed = {called.raters[rater]: why for rater, why in changed_logs(merged.files).items()}
    for rater, why in changed.items():
        typer.echo(f"{rater}: the log is NOT as it was written: {why}.", err=True)
    return changed
