"""The files of a training set: images without their headers' texts, masks, tables."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from napari_acs.imaging import SEQUENCES, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.review.session.trainable import LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_acs.imaging import Volume

TABLE = "cases.csv"
"""Of a training set: which case is of which patient, and its files."""
_FIELDS = ("case", "patient", *SEQUENCES, "mask")


def write_files(
    place: Path, volumes: Mapping[str, Volume], labels: NDArray[np.uint8], drawn_on: Volume
) -> dict[str, str]:
    """Write a case's images and mask into a new folder; return their paths, by column.

    Raises
    ------
    Unwritable
        The disk is full or sealed.
    BadInput
        The images, or the mask, cannot be written as NIfTI.
    """
    place.mkdir()
    row = {}
    for key, volume in volumes.items():
        file = write_anonymous(place / f"{place.name}_{key}.nii.gz", volume)
        row[key] = file.relative_to(place.parent).as_posix()
    source = None if drawn_on.dicom else drawn_on.source
    file = write_labels(place / f"{place.name}_seg.nii.gz", labels, drawn_on.grid, source=source)
    return {**row, "mask": file.relative_to(place.parent).as_posix()}


def write_tables(folder: Path, rows: Sequence[Mapping[str, str]], *, unsaid: bool) -> None:
    """Write the table of cases, and what labels mean unless that is ``unsaid``."""
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, _FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    if unsaid:  # it would say that a whole tumour is necrosis, or oedema
        return
    text = json.dumps({"labels": LABELS}, indent=2)
    (folder / "dataset.json").write_text(text + "\n", encoding="utf-8")
