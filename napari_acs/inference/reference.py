"""Reference masks for an evaluation: which case, which file, and which regions they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging import is_mask_name, read_labels, read_study
from napari_acs.imaging.names import is_image_name
from napari_acs.inference.dataset_json import labels_of
from napari_acs.inference.label_scheme import LabelScheme, scheme_of_file_name, unknown_labels
from napari_acs.inference.mask_place import refuse_in_air

if TYPE_CHECKING:
    from napari_acs.imaging import Grid, Study

REGIONS = ("WT", "TC", "ET")
GRADES = ("HGG", "LGG")
"""Folders of BraTS 2013 to 2019, between the data set and its cases."""
_BRAIN = re.compile(r"brain[-_ ]?mask", re.IGNORECASE)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def find_cases(data: Path | Sequence[Path], wanted: Sequence[str] = ()) -> list[Path]:
    """Return the folders of the wanted cases; without a wish, all that hold a mask.

    ``data`` is one folder that holds the cases, or several.

    A case is named by its folder or by the end of it after a ``_`` or ``-``
    (``01485`` for ``BraTS2021_01485``).

    Raises
    ------
    BadInput
        No such folder, no such case, or a name that several folders bear.
    """
    places = [data] if isinstance(data, Path) else list(data)
    for place in places:
        if not place.is_dir():
            raise BadInput(f"{place} is not a folder", do="Give the folder that holds the cases")
    folders = sorted(path for place in places for path in place.iterdir() if path.is_dir())
    where = ", ".join(map(str, places))
    if not wanted:
        found = [path for path in folders if any(map(is_mask_file, path.iterdir()))]
        if not found:
            raise BadInput(f"No case with a reference mask in {where}", do="Choose another folder")
        return found
    return [named_case(where, folders, name) for name in wanted]


def named_case(where: str, cases: Sequence[N], name: str) -> N:
    """Return the one case of this name, or whose name ends so after a ``_`` or ``-``.

    Raises
    ------
    BadInput
        There is none, or more than one; ``where`` is what the refusal names.
    """
    hits = [case for case in cases if case.name == name]
    hits = hits or [case for case in cases if case.name.endswith((f"_{name}", f"-{name}"))]
    if len(hits) == 1:
        return hits[0]
    raise BadInput(
        f"Case {name!r} in {where} is not one folder",
        found=", ".join(case.name for case in hits or cases[:10]) or "no folders",
        expected=f"one folder that is called {name} or ends with _{name}",
        do="Check --data and --cases",
    )


class LabelledCase(Protocol):
    """A case that can be scored: it has a name, and gives its study and the truth."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    def read(self) -> tuple[Study, dict[str, NDArray[np.bool_]]]:
        """Read the study, and the masks of WT, TC and ET on its grid; refuses by `BadInput`."""
        ...


@dataclass(frozen=True)
class FolderCase:
    """A folder with a study and one mask.

    Raises
    ------
    BadInput
        There is no mask in it, or more than one; or what its values mean is said, but not clear.
    """

    folder: Path
    mask: Path = field(init=False)
    scheme: LabelScheme | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mask", find_mask(self.folder))
        object.__setattr__(self, "scheme", scheme_beside(self.folder))

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.name

    def read(self) -> tuple[Study, dict[str, NDArray[np.bool_]]]:
        """Read the study and the mask; see `read_reference` and `refuse_in_air`."""
        study = read_study(self.folder)
        regions = read_reference(self.mask, study.grid, self.scheme)
        refuse_in_air(study, regions["WT"], self.mask.name)
        return study, regions


def scheme_beside(case: Path) -> LabelScheme | None:
    """Return what the values of the mask in a case's folder mean; None where the values decide.

    A ``dataset.json`` beside the case says it (beside the folders ``HGG`` and ``LGG``, where the
    case lies in one of them), else the case's name, where it is that of a BraTS case since 2023.

    Raises
    ------
    BadInput
        Either says something that is not clear.
    """
    beside = case.absolute().parent
    places = [beside, beside.parent] if beside.name in GRADES else [beside]
    for place in places:
        stated = labels_of(place / "dataset.json")
        if stated is not None:
            return stated
    return scheme_of_file_name(case.name)


def find_mask(case: Path) -> Path:
    """Return the one mask file in a case's folder.

    Raises
    ------
    BadInput
        There is none, or more than one.
    """
    masks = sorted(filter(is_mask_file, case.iterdir()))
    if len(masks) == 1:
        return masks[0]
    raise BadInput(
        f"{case} does not hold one reference mask",
        found=", ".join(path.name for path in masks) or "no file named like a mask",
        expected="one file named ..._seg, ..._mask or ..._label",
        do="Leave one mask in the folder",
    )


def is_mask_file(path: Path) -> bool:
    """Tell whether a file's name says that it holds a reference mask (not a brain's)."""
    return is_image_name(path.name) and is_mask_name(path.name) and not _BRAIN.search(path.name)


def read_reference(
    path: Path, grid: Grid, scheme: LabelScheme | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Read a reference mask that lies on ``grid`` as the masks of WT, TC and ET.

    Parameters
    ----------
    path : Path
    grid : Grid
        Of the images.
    scheme : LabelScheme, optional
        What the values mean. Left out, the file's name decides where it is that of a BraTS case
        since 2023, and the values where it is not; see `regions_of`.

    Returns
    -------
    dict of str to ndarray of bool, shape (z, y, x)

    Raises
    ------
    BadInput
        The mask lies on another grid, or its values are no known scheme.
    """
    volume = read_labels(path)
    difference = grid.difference(volume.grid)
    if difference:
        raise another_grid(path, difference)
    return regions_of(volume.array, path.name, scheme or scheme_of_file_name(path.name))


def another_grid(mask: Path, difference: str) -> BadInput:
    """Return the refusal of a mask that is not where its images are."""
    return BadInput(
        f"The reference mask {mask.name} is not on the grid of its images",
        found=difference,
        do="Resample the mask to its images (nearest neighbour), and try again",
    )


def regions_of(
    labels: NDArray[np.integer], name: str, scheme: LabelScheme | None = None
) -> dict[str, NDArray[np.bool_]]:
    """Return WT, TC and ET of a label map, by a scheme or in one of BraTS.

    BraTS's schemes: 0/1/2/4 (2017 to 2021) and 0/1/2/3 (since 2023; ours), where 1 is the
    necrotic and non-enhancing core, 2 oedema and the highest value enhancing tumour; and
    0/1/2/3/4 (2013), where 3 is non-enhancing core and 4 enhancing tumour.

    Raises
    ------
    BadInput
        A value above 4, or one that is not in the scheme.
    """
    if scheme is not None:
        return scheme.regions(labels, name)
    values = np.unique(labels)
    if values[-1] > 4 or values[0] < 0:
        raise unknown_labels(name, values.tolist(), "0, 1, 2, 4 or 0, 1, 2, 3")
    enhancing = labels == (4 if 4 in values else 3)
    whole = labels > 0
    return {"WT": whole, "TC": whole & (labels != 2), "ET": enhancing}
