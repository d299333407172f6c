"""The prepared cache, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from napari_acs.errors import BadInput
from napari_acs.training.arrays import read_arrays

ATLAS = Path("atlas") / "atlas.npz"
"""Where a cache keeps the tissue maps that phantoms are drawn from."""


@dataclass(frozen=True)
class Case:
    """One prepared study.

    Attributes
    ----------
    name : str
        The case's folder name, or the phantom's.
    images : Tensor of float16, shape (c, z, y, x)
        Normalised sequences; exactly 0 outside the brain and for a missing sequence.
    labels : Tensor of uint8, shape (z, y, x)
        0 background, 1 NCR, 2 ED, 3 ET.
    spacing_mm : float
    patient, site, label : str
        Who it is, where it was scanned, its class; nothing where that was not known when it was
        prepared.
    """

    name: str
    images: Tensor
    labels: Tensor
    spacing_mm: float
    patient: str = ""
    site: str = ""
    label: str = ""


def load_cases(
    cache: Path, spacing_mm: float, sequences: Sequence[str] | None = None
) -> list[Case]:
    """Load every case of a cache, sorted by name.

    Parameters
    ----------
    cache : Path
    spacing_mm : float
    sequences : sequence of str, optional
        The channels, in order, that it must hold; not asked of a cache that does not say.

    Raises
    ------
    BadInput
        If the cache is empty, was prepared at another spacing or with other sequences, or a file
        of it is damaged.
    """
    files = sorted(cache.glob("*.npz"))
    if not files:
        raise BadInput(f"{cache} holds no prepared case", do="Run `napari-acs train --prepare`")
    return [load_case(file, spacing_mm, sequences) for file in files]


def load_case(file: Path, spacing_mm: float, sequences: Sequence[str] | None = None) -> Case:
    """Load one case of a cache; see :func:`load_cases`."""
    with read_arrays(file) as data:
        spacing = float(data["spacing_mm"])
        if abs(spacing - spacing_mm) > 1e-3:
            raise BadInput(
                f"{file} was prepared at another spacing",
                found=f"{spacing:g} mm",
                expected=f"{spacing_mm:g} mm, as the recipe says",
                do="Prepare into another folder",
            )
        held = data["sequences"].tolist() if "sequences" in data else None
        if sequences is not None and held is not None and held != list(sequences):
            raise BadInput(
                f"{file} was prepared with other sequences",
                found=", ".join(held),
                expected=f"{', '.join(sequences)}, as the recipe says",
                do="Prepare into another folder",
            )
        return Case(
            file.stem,
            torch.from_numpy(data["images"]),
            torch.from_numpy(data["labels"]),
            spacing,
            **{key: str(data[key]) for key in ("patient", "site", "label") if key in data},
        )
