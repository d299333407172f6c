"""Agreement of readers with each other, with themselves and with the AI, with intervals."""

from __future__ import annotations

from napari_acs.review.agreement.consensus import Consensus, Reliability, majority, staple
from napari_acs.review.agreement.estimate import PLAIN, Estimate, Resampling
from napari_acs.review.agreement.intraclass import Intraclass, icc
from napari_acs.review.agreement.kappa import Kappa, cohen_kappa, fleiss_kappa
from napari_acs.review.agreement.limits import Limits, bland_altman
from napari_acs.review.agreement.overlap import Overlap, Reading, overlaps
from napari_acs.review.agreement.summary import Summary, summarise

__all__ = [
    "PLAIN",
    "Consensus",
    "Estimate",
    "Intraclass",
    "Kappa",
    "Limits",
    "Overlap",
    "Reading",
    "Reliability",
    "Resampling",
    "Summary",
    "bland_altman",
    "cohen_kappa",
    "fleiss_kappa",
    "icc",
    "majority",
    "overlaps",
    "staple",
    "summarise",
]
