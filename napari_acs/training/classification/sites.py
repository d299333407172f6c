"""Whether the class of a case follows from where it was scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np

from napari_acs.errors import BadInput

PERMUTATIONS: Final = 9_999
CERTAIN: Final = 0.01
"""No site with two classes is taken for more than chance below this."""
NOTABLE: Final = 0.05


@dataclass(frozen=True)
class SiteReport:
    """How far classes go with sites.

    Attributes
    ----------
    sites : int
        With two patients at least.
    agreement : float
        Of pairs of patients of one site, the share that are of one class.
    p : float
        How often that is so high where the classes are dealt out anew (permutation test).
    """

    sites: int
    agreement: float
    p: float

    @property
    def notable(self) -> bool:
        """Whether a network could learn the site in place of the class."""
        return self.p < NOTABLE


def site_report(
    sites: Sequence[str], labels: Sequence[int], patients: Sequence[str], seed: int = 0
) -> SiteReport | None:
    """Compare the classes of patients of one site with those of others.

    Parameters
    ----------
    sites : sequence of str
        Of each case; nothing where it is not known.
    labels : sequence of int
    patients : sequence of str
        Of several cases of a patient the first counts.
    seed : int

    Returns
    -------
    SiteReport or None
        None where no site is known of two patients, or all are of one site or one class.
    """
    first = dict(reversed(list(zip(patients, zip(sites, labels, strict=True), strict=True))))
    known = [(site, label) for site, label in first.values() if site]
    shared = {site for site, count in Counter(site for site, _ in known).items() if count > 1}
    if not shared or len({site for site, _ in known}) < 2 or len({k for _, k in known}) < 2:
        return None
    groups = np.array([site for site, _ in known])
    classes = np.array([label for _, label in known])
    found = _agreement(groups, classes)
    rng = np.random.default_rng(seed)
    as_high = sum(
        _agreement(groups, rng.permutation(classes)) >= found - 1e-12 for _ in range(PERMUTATIONS)
    )
    return SiteReport(len(shared), found, (1 + as_high) / (1 + PERMUTATIONS))


def refuse_site_labels(report: SiteReport | None) -> None:
    """Refuse cases whose class is that of their site, without exception and not by chance.

    Raises
    ------
    BadInput
        It is so.
    """
    if report is not None and report.agreement == 1 and report.p < CERTAIN:
        raise BadInput(
            "The site tells the class of every case",
            found=f"{report.sites} sites, each with one class only",
            expected="both classes from one site at least: a network would learn the scanner",
            do="Add cases of the other class from these sites; or, to train nevertheless, set "
            "site_is_class: allowed in the recipe",
        )


def _agreement(groups: np.ndarray, classes: np.ndarray) -> float:
    pairs = alike = 0
    for site in np.unique(groups):
        counts = np.bincount(classes[groups == site])
        pairs += comb(int(counts.sum()), 2)
        alike += sum(comb(int(count), 2) for count in counts)
    return alike / pairs
