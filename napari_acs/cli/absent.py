"""A Python package that is not installed: which part of napari-acs brings it, and how."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from napari_acs.errors import BadInput

BROUGHT_BY: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("filelock", "lightning_fabric", "monai", "nilearn", "sklearn"), "train")
    | {"highdicom": "dicom", "segmentation_models_pytorch": "gandlf"}
)
"""The extra of ours that brings a module. What is in none comes with napari-acs itself."""


def refusal_of(absent: ModuleNotFoundError) -> BadInput | None:
    """Return what to say of a module that was not found, or ``None`` where the fault is ours.

    Parameters
    ----------
    absent : ModuleNotFoundError
        As Python raised it.

    Returns
    -------
    BadInput or None
        A refusal with the pip command. ``None`` for a module of our own or of Python's, and where
        Python does not say which one it is.
    """
    package = (absent.name or "").partition(".")[0]
    if package in {"", "napari_acs"} or package in sys.stdlib_module_names:
        return None
    extra = BROUGHT_BY.get(package)
    wanted = f"napari-acs[{extra}]" if extra else "napari-acs"
    return BadInput(
        f"This needs the Python package {package}, which is not installed",
        do=f'Install what is missing with: python -m pip install "{wanted}"',
    )
