"""Three small made-up studies and a session of them; one is nothing but a mask."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_acs.imaging import Grid, write_labels
from napari_acs.imaging.anonymous import write_anonymous
from napari_acs.imaging.volume import Volume
from napari_acs.viewer.review_files import make_session

GRIDS = (
    Grid((14, 12, 10), (0.9, 1.1, 2.5), (-30.0, 12.0, 7.0), (0, 0, 1, -1, 0, 0, 0, -1, 0)),
    Grid((11, 13, 9), (1.0, 1.0, 3.0), (5.0, -8.0, 2.0), (1, 0, 0, 0, -1, 0, 0, 0, 1)),
    Grid((12, 12, 8), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 1, 0, 0, 0, 1)),
)
"""Permuted and flipped axes: a mix-up cannot go unseen."""
FORM = """
fields:
  - {name: quality, type: choice, options: [good, poor], required: yes}
  - {name: longest, type: number, unit: mm, min: 0, max: 250}
  - {name: where, type: multi-choice, options: [left, right]}
  - {name: again, type: yes/no}
  - {name: remark, type: text}
"""


def labels_on(grid: Grid) -> np.ndarray:
    labels = np.zeros(grid.shape, np.uint8)
    labels[2:7, 2:9, 3:9] = 2
    labels[3:6, 3:8, 4:8] = 1
    labels[4, 4:6, 5:7] = 3
    return labels


def write_studies(folder: Path) -> Path:
    """Write the studies and return their table: images with a mask, images alone, a mask alone."""
    draw = np.random.default_rng(0)
    for name, grid in zip(("one", "two"), GRIDS, strict=False):
        (folder / name).mkdir(parents=True)
        for sequence in ("t1", "flair"):
            array = draw.normal(100, 10, grid.shape).astype(np.float32)
            write_anonymous(folder / name / f"{name}_{sequence}.nii.gz", Volume(array, grid))
    write_labels(folder / "one" / "one_seg.nii.gz", labels_on(GRIDS[0]), GRIDS[0])
    (folder / "three").mkdir()
    write_labels(folder / "three" / "three_seg.nii.gz", labels_on(GRIDS[2]), GRIDS[2])
    mask = "three/three_seg.nii.gz"
    table = folder / "studies.csv"
    table.write_text(f"study,mask\none,one/one_seg.nii.gz\ntwo,\n{mask},{mask}\n")
    return table


def make(folder: Path, form: str = "", **plan) -> Path:
    """Make a session of the three studies in a new folder."""
    table = write_studies(folder)
    asked = folder / "form.yaml" if form else None
    if asked is not None:
        asked.write_text(form)
    return make_session([table], "ann", folder / "ann.review", asked, **plan)
