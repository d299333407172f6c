"""Arguments that several ``napari-acs review`` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SessionFile = Annotated[
    Path, typer.Argument(metavar="SESSION", help="A review file.", show_default=False)
]
Sessions = Annotated[
    list[Path],
    typer.Argument(
        metavar="SESSION...",
        help="Review files; of several raters those that one `review new` has made.",
        show_default=False,
    ),
]
Names = Annotated[
    bool,
    typer.Option(
        "--names",
        help="Call raters, cases and patients as the session does; left out, nobody is named.",
    ),
]
