"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _sequence(name: str) -> Any:
    return typer.Option(f"--{name}", metavar="FILE", help=f"The {name} image.", show_default=False)


StudyDir = Annotated[
    Path | None, typer.Argument(metavar="STUDY_DIR", help="Folder with a study's sequences.")
]
T1 = Annotated[Path | None, _sequence("t1")]
T1ce = Annotated[Path | None, _sequence("t1ce")]
T2 = Annotated[Path | None, _sequence("t2")]
Flair = Annotated[Path | None, _sequence("flair")]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="ID",
        help="Model id (see `napari-acs models list`) or a bundle's folder. "
        "Left out: the bundled model.",
        show_default=False,
    ),
]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu, cuda or mps (see `napari-acs info`).")
]
Precision = Annotated[
    str,
    typer.Option("--precision", help="float32, bfloat16 (CPUs that multiply it) or auto."),
]
JsonReport = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the report there; - is standard output."),
]
JsonSwitch = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault of ours.")]
