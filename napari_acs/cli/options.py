"""Options that several commands share, so that they read alike everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _sequence(name: str) -> Any:
    return typer.Option(f"--{name}", metavar="FILE", help=f"The {name} image.", show_default=False)


StudyDir = Annotated[
    Path | None,
    typer.Argument(
        metavar="STUDY", help="Folder with a study's sequences, or DICOM: a folder or a .zip."
    ),
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
        "Left out: the default one, see `napari-acs models default`.",
        show_default=False,
    ),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="SEQUENCE",
        help="t1, t1ce, t2 or flair: whose grid the mask is made on, where the sequences lie on "
        "different grids. Left out: the finest.",
        show_default=False,
    ),
]
Brain = Annotated[
    str,
    typer.Option(
        "--brain",
        metavar="auto|none|FILE",
        help="auto removes a skull that is there, none leaves the images as they are, a mask "
        "file is used as the brain.",
    ),
]
BiasCorrection = Annotated[
    bool, typer.Option("--n4", help="Correct the bias field by N4 (some seconds a sequence).")
]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu, cuda or mps (see `napari-acs info`).")
]
Precision = Annotated[
    str,
    typer.Option("--precision", help="float32, bfloat16 (CPUs that multiply it) or auto."),
]
Flips = Annotated[
    bool,
    typer.Option(
        "--flips",
        help="Predict every window mirrored too, and average (twice the inference time; the "
        "bundled ensemble does so anyway).",
    ),
]
WithModels = Annotated[
    list[str] | None,
    typer.Option(
        "--with-model",
        metavar="ID",
        help="A further model of the same regions, to average with; may be given several times.",
        show_default=False,
    ),
]
JsonReport = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the report there; - is standard output."),
]
JsonSwitch = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Force = Annotated[bool, typer.Option("--force", help="Replace outputs that exist.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault of ours.")]
