"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from typing import Annotated

import typer

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
