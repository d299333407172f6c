"""What the values of a reference mask mean: which of them make up WT, TC and ET."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_acs.errors import BadInput
from napari_acs.imaging.labels.tissues import SINCE_2023, TISSUE_NAMES, tissue_of


@dataclass(frozen=True)
class LabelScheme:
    """The values of each region.

    Attributes
    ----------
    whole, core, enhancing : frozenset of int
        Of WT, TC and ET; each a part of the one before.
    outside : frozenset of int
        Values that are known and belong to no region, such as the resection cavity; 0 always does.
    """

    whole: frozenset[int]
    core: frozenset[int]
    enhancing: frozenset[int]
    outside: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not (self.enhancing <= self.core <= self.whole) or self.whole & (self.outside | {0}):
            raise ValueError(f"regions that are not nested: {self}")

    def regions(self, labels: NDArray[np.integer], name: str) -> dict[str, NDArray[np.bool_]]:
        """Return the masks of WT, TC and ET, each of the shape of ``labels``.

        Raises
        ------
        BadInput
            A value that the scheme does not know.
        """
        known = {0, *self.whole, *self.outside}
        values = np.unique(labels).tolist()
        if not known.issuperset(values):
            raise unknown_labels(name, values, ", ".join(map(str, sorted(known))))
        chosen = {"WT": self.whole, "TC": self.core, "ET": self.enhancing}
        return {region: np.isin(labels, sorted(values)) for region, values in chosen.items()}


BRATS_2023 = LabelScheme(
    frozenset((1, 2, 3)), frozenset((1, 3)), frozenset((3,)), outside=frozenset((4,))
)
"""BraTS since 2023: 1 NCR, 2 ED, 3 ET; 4 is the resection cavity of 2024's treated patients."""

_CHILDREN = re.compile(r"BraTS-PEDs?-\d", re.IGNORECASE)


def scheme_of_file_name(name: str) -> LabelScheme | None:
    """Return the scheme that a BraTS file or folder name since 2023 stands for, if it is one.

    Raises
    ------
    BadInput
        For BraTS-PEDs, whose values changed their meaning from 2023 to 2024.
    """
    if _CHILDREN.match(name):
        raise BadInput(
            f"{name}: what its labels mean is not clear",
            found="a case of BraTS-PEDs, where 3 is enhancing tumour in 2023 and a cyst in 2024",
            do="Say what the values mean under labels in a dataset.json beside the cases",
        )
    return BRATS_2023 if SINCE_2023.match(name) else None


def scheme_of_names(labels: Mapping[str, int | Sequence[int]], source: str) -> LabelScheme:
    """Return the scheme of labels that are given by name, as in a ``dataset.json``.

    A name is a tissue (oedema, necrotic or non-enhancing tumour, enhancing tumour, resection
    cavity) or a region (whole tumour, tumour core) that holds the value, as in nnU-Net's region
    training.

    Parameters
    ----------
    labels : mapping of str to int or sequence of int
        The values of each name.
    source : str
        What to call the place in a refusal.

    Raises
    ------
    BadInput
        A name that says no tissue, one value of two tissues, or a tissue without a value.
    """
    by_tissue: dict[str, set[int]] = {tissue: set() for tissue in TISSUE_NAMES}
    for name, values in labels.items():
        tissue = tissue_of(name)
        if tissue is None:
            raise _unclear(source, f"a label called {name!r}")
        by_tissue[tissue].update([values] if isinstance(values, int) else values)
    enhancing = by_tissue["ET"]
    core = enhancing | by_tissue["NCR"] | by_tissue["TC"]
    whole = core | by_tissue["ED"] | by_tissue["WT"]
    outside = by_tissue["RC"] | by_tissue["background"]
    twice = (
        (by_tissue["ED"] & core)
        | (by_tissue["NCR"] & enhancing)
        | (whole & (outside | {0}))
    )  # fmt: skip
    if twice:
        raise _unclear(source, f"the value {min(twice)} under names that contradict each other")
    if not (enhancing and enhancing < core < whole):
        raise _unclear(source, f"labels called {', '.join(labels)}")
    return LabelScheme(*map(frozenset, (whole, core, enhancing, outside - {0})))


def unknown_labels(name: str, values: Iterable[int], expected: str) -> BadInput:
    """Return the refusal of a mask's values."""
    return BadInput(
        f"The reference mask {name} has unknown labels",
        found=", ".join(str(value) for value in list(values)[:10]),
        expected=expected,
        do="Use a mask with BraTS labels, or say what its values mean in a dataset.json",
    )


def _unclear(source: str, found: str) -> BadInput:
    return BadInput(
        f"{source} does not say which values are oedema, core and enhancing tumour",
        found=found,
        expected="names such as edema, non-enhancing tumour and enhancing tumour",
        do="Correct the names of the labels there",
    )
