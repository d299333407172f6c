"""Segmentation jobs: from a study and a model bundle to a label map, with progress and cancel.

The messages cost no torch import; the names that compute load it with their first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from napari_acs.inference.classification import Classification, Classified
from napari_acs.inference.messages import (
    STAGES,
    Failure,
    Message,
    Progress,
    Result,
    Segmentation,
)

if TYPE_CHECKING:
    from napari_acs.inference.blocking import SegmentationError, segment
    from napari_acs.inference.classify_job import run_classifier
    from napari_acs.inference.classifying import ClassificationError, classify
    from napari_acs.inference.device import available_devices, pick_device
    from napari_acs.inference.evaluation import CaseScores, Evaluation, evaluate
    from napari_acs.inference.job import run

# A module must not bear the name of a function exported here: it would take its place.
_HOME = {
    "CaseScores": "evaluation",
    "ClassificationError": "classifying",
    "Evaluation": "evaluation",
    "SegmentationError": "blocking",
    "available_devices": "device",
    "classify": "classifying",
    "evaluate": "evaluation",
    "pick_device": "device",
    "run": "job",
    "run_classifier": "classify_job",
    "segment": "blocking",
}

__all__ = [
    "STAGES",
    "CaseScores",
    "Classification",
    "ClassificationError",
    "Classified",
    "Evaluation",
    "Failure",
    "Message",
    "Progress",
    "Result",
    "Segmentation",
    "SegmentationError",
    "available_devices",
    "classify",
    "evaluate",
    "pick_device",
    "run",
    "run_classifier",
    "segment",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
