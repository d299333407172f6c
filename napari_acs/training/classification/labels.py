"""Which class each case has: from a CSV, or from its own mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.errors import BadInput
from napari_acs.imaging.csv_rows import read_csv_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_acs.models.spec import ClassLabel
    from napari_acs.training.classification.recipe import Derived


@dataclass(frozen=True)
class Labelled:
    """A case's class (its place in the recipe's list); whose it is and from where, if said."""

    label: int
    patient: str = ""
    site: str = ""


def read_labels_csv(path: Path, classes: Sequence[ClassLabel]) -> dict[str, Labelled]:
    """Read ``case,label`` and, where they are there, ``patient`` and ``site``; by case.

    Raises
    ------
    BadInput
        The file cannot be read or lacks a column; a case comes twice; a label is no class.
    """
    names = [one.name for one in classes]
    found: dict[str, Labelled] = {}
    header, rows = read_csv_rows(path)
    lacking = {"case", "label"} - set(header)
    if lacking:
        raise BadInput(
            f"{path} has no column {sorted(lacking)[0]!r}",
            found=", ".join(header) or "nothing",
            expected="case, label, and patient where a patient has several cases",
        )
    for _, row in rows:
        case, label = row["case"], row["label"]
        if case in found:
            raise BadInput(f"{path} names case {case!r} twice", do="Leave one line of it")
        if label not in names:
            raise BadInput(
                f"{path} gives {case!r} a label that is no class",
                found=label or "nothing",
                expected=", ".join(names),
            )
        more = (row.get(key, "") for key in ("patient", "site"))
        found[case] = Labelled(names.index(label), *more)
    return found


def derived_label(
    regions: Mapping[str, NDArray[np.bool_]], voxel_ml: float, derived: Derived
) -> int:
    """Return 1 where the region is as large as the recipe asks, else 0."""
    return int(np.count_nonzero(regions[derived.region]) * voxel_ml >= derived.at_least_ml)
