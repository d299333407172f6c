"""Which layout a data set has, and its cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_acs.errors import BadInput
from napari_acs.training.layouts.bids import is_bids, read_bids
from napari_acs.training.layouts.brats import is_brats, read_brats
from napari_acs.training.layouts.case import TrainingCase
from napari_acs.training.layouts.msd import is_msd, read_msd
from napari_acs.training.layouts.nnunet import is_nnunet, read_nnunet
from napari_acs.training.layouts.table import is_table, read_table
from napari_acs.training.order import AUTO

__all__ = ["AUTO", "LAYOUTS", "find_training_cases"]

_SHOWN = 6


@dataclass(frozen=True)
class _Layout:
    fits: Callable[[Path], bool]
    read: Callable[[Path, str | None], tuple[TrainingCase, ...]]
    means: str


LAYOUTS: Mapping[str, _Layout] = {
    "csv": _Layout(is_table, read_table, "a CSV with the columns case, t1, t1ce, t2, flair, mask"),
    "nnunet": _Layout(is_nnunet, read_nnunet, "imagesTr (CASE_0000...), labelsTr, dataset.json"),
    "msd": _Layout(is_msd, read_msd, "imagesTr (4D), labelsTr, dataset.json"),
    "bids": _Layout(is_bids, read_bids, "sub-*/anat, and masks in derivatives"),
    "brats": _Layout(is_brats, read_brats, "one folder a case, with its sequences and its mask"),
}
"""By name; the first that fits is taken."""


def find_training_cases(
    roots: Sequence[Path], layout: str = AUTO, patient_pattern: str | None = None
) -> list[TrainingCase]:
    """Return the cases of every data set; nothing but names and tables is read.

    Parameters
    ----------
    roots : sequence of Path
        Folders, or CSV files; each may have another layout.
    layout : str
        ``auto``, or one of ``LAYOUTS``.
    patient_pattern : str, optional
        See `patients.patient_of`.

    Raises
    ------
    BadInput
        No such path, no layout that fits it, or a data set that its layout refuses.
    """
    if layout != AUTO and layout not in LAYOUTS:
        raise BadInput(f"No layout is called {layout!r}", expected=", ".join((AUTO, *LAYOUTS)))
    cases: list[TrainingCase] = []
    for root in roots:
        if not root.exists():
            raise BadInput(f"{root}", found="no such file or folder", do="Check --data")
        fitting = _fitting(root) if layout == AUTO else layout
        try:
            found = LAYOUTS[fitting].read(root, patient_pattern)
        except OSError as error:
            raise BadInput(f"{root} cannot be read", found=error.strerror or str(error)) from error
        if not found:
            raise _no_case(root, f"The layout {fitting} finds no case in {root}")
        cases += found
    return cases


def _fitting(root: Path) -> str:
    try:
        fitting = next((name for name, layout in LAYOUTS.items() if _fits(layout, root)), None)
    except OSError as error:
        raise BadInput(f"{root} cannot be read", found=error.strerror or str(error)) from error
    if fitting is None:
        raise _no_case(root, f"{root} is no data set that can be trained on")
    return fitting


def _fits(layout: _Layout, root: Path) -> bool:
    return (root.is_dir() or layout.read is read_table) and layout.fits(root)


def _no_case(root: Path, what: str) -> BadInput:
    layouts = "; ".join(f"{name}: {layout.means}" for name, layout in LAYOUTS.items())
    return BadInput(what, found=_contents(root), expected=f"one of these ({layouts})")


def _contents(root: Path) -> str:
    """Say in words what is in a folder."""
    if root.is_file():
        return "a file"
    entries = sorted(entry for entry in root.iterdir() if not entry.name.startswith("."))
    if not entries:
        return "an empty folder"
    kinds = {
        "folders": [entry.name for entry in entries if entry.is_dir()],
        "files": [entry.name for entry in entries if not entry.is_dir()],
    }
    return " and ".join(
        f"{len(names)} {kind} ({', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''})"
        for kind, names in kinds.items()
        if names
    )
