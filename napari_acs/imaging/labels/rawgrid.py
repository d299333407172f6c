"""The geometry that a file's header states, by our own arithmetic on its bytes.

SimpleITK writes the masks and reads them; were it wrong in both, the errors would cancel. So the
proof of a save takes the place of the labels from here, where no SimpleITK is involved.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_acs.imaging import metaimage, nifti, nrrd

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TO_LPS = {
    "left-posterior-superior": (1, 1, 1),
    "lps": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "ras": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
    "las": (1, -1, 1),
}


def raw_affines(path: Path) -> list[NDArray[np.float64]]:
    """Return the affines that a mask file's header states.

    Parameters
    ----------
    path : Path
        A ``.nii``, ``.nii.gz``, ``.nrrd`` or ``.mha`` file.

    Returns
    -------
    list of ndarray, shape (4, 4)
        From an index (x, y, z, 1) to LPS mm. NIfTI may state two (qform and sform), and they may
        differ: a mask keeps both of its source. Empty where the header names an unknown space.

    Raises
    ------
    OSError, ValueError
        The file cannot be opened, or its header cannot be understood.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        return _nifti(nifti.header_of(path))
    if name.endswith(".nrrd"):
        return _nrrd(nrrd.geometry_lines(path))
    return [_metaimage(metaimage.header_of(path))]


def _affine(columns: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = columns, origin
    return matrix


def _nifti(header: nifti.NiftiHeader) -> list[NDArray[np.float64]]:
    qform, sform = header.codes
    ras = []
    if sform > 0:
        rows = np.reshape(header.numbers(280, "12f"), (3, 4))
        ras.append(_affine(rows[:, :3], rows[:, 3]))
    if qform > 0:
        b, c, d, *offset = header.numbers(256, "6f")
        a = math.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
        turn = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        qfac, *spacing = header.pixdim[:4]
        turn[:, 2] *= -1 if qfac < 0 else 1
        ras.append(_affine(turn * np.array(spacing), np.array(offset)))
    to_lps_mm = np.diag([-header.mm, -header.mm, header.mm, 1.0])
    return [to_lps_mm @ matrix for matrix in ras]


def _nrrd(lines: dict[str, str]) -> list[NDArray[np.float64]]:
    signs = _TO_LPS.get(lines.get("space", "").strip().lower())
    vectors = [_vector(text) for text in re.findall(r"\(([^)]*)\)", lines["space directions"])]
    origin = _vector(lines["space origin"].strip("() "))
    if signs is None or len(vectors) != 3:
        return []
    flip = np.diag([*map(float, signs), 1.0])
    return [flip @ _affine(np.stack(vectors, axis=1), origin)]


def _vector(text: str) -> NDArray[np.float64]:
    return np.array([float(part) for part in text.split(",")])


def _metaimage(fields: dict[str, str]) -> NDArray[np.float64]:
    def numbers(key: str) -> NDArray[np.float64]:
        return np.array([float(part) for part in fields[key].split()])

    # The matrix lists the direction of the first axis, then of the second, then of the third.
    columns = numbers("TransformMatrix").reshape(3, 3).T
    return _affine(columns * numbers("ElementSpacing"), numbers("Offset"))
