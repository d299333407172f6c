"""The record that goes with every mask: what made it, from what, where and when."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

import napari_acs
from napari_acs.inference.device import device_title
from napari_acs.inference.windows import SIGMA_SCALE

if TYPE_CHECKING:
    from napari_acs.imaging import Study
    from napari_acs.inference.views import View
    from napari_acs.inference.walk import Predicted
    from napari_acs.models import Bundle


def provenance(
    study: Study,
    members: Sequence[tuple[Bundle, Predicted]],
    *,
    views: Sequence[View],
    missing: Sequence[str],
    seconds: Mapping[str, float],
    input_sha256: Mapping[str, str],
) -> dict[str, Any]:
    """Return the JSON-ready record of a segmentation.

    It holds no header fields of the images, so nothing that names a patient beyond the names of
    the files themselves (without their folders); of a DICOM series not even that, since its
    files and folders are often called after the patient.

    Parameters
    ----------
    study : Study
    members : sequence of (Bundle, Predicted)
        The models, and how each was run; what is said of one only is said of the first.
    views : sequence of View
        The mirrored inputs.
    missing : sequence of str
        Channels of the models that the study did not have.
    seconds : mapping of str to float
        Wall time of the stages done so far.
    input_sha256 : mapping of str to str
        ``study.input_sha256()`` as it was when the job began.
    """
    bundle, first = members[0]
    plan = first.tiles
    spec = bundle.spec
    asked = {channel.name for each, _ in members for channel in each.spec.input.channels}
    used = [name for name in study.sequences if name in asked]
    return {
        "model": {"id": spec.id, "version": spec.version, "sha256": bundle.sha256},
        "software": {
            "napari-acs": napari_acs.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "models": [_model(each, predicted) for each, predicted in members],
        "flips": [["xyz"[4 - axis] for axis in view] for view in views if view],
        "device": device_title(first.plan.device),
        "precision": first.plan.precision,
        "memory": [
            {"model": each.spec.id, **step.record()}
            for each, predicted in members
            for step in predicted.steps
        ],
        "model_space": {
            "orientation": spec.input.orientation,
            "spacing_mm": list(spec.input.spacing_mm),
            "normalisation": spec.input.normalisation,
        },
        "tiling": {
            "size_zyx": list(plan.size),
            "window_zyx": list(plan.window),
            "overlap": plan.overlap,
            "windows": len(plan.starts),
            "blending": f"gaussian, sigma {SIGMA_SCALE} of the window",
        },
        "thresholds": {region.name: region.threshold for region in spec.output.regions},
        "inputs": inputs_of(study, input_sha256),
        "sequences": {"used": used, "missing": list(missing), "reference": study.reference},
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
    }


def inputs_of(study: Study, input_sha256: Mapping[str, str]) -> dict[str, Any]:
    """Return what is told of every sequence: its file, hash, and what was done to it."""
    return {
        name: {
            "file": volume.source.name if volume.source and not volume.dicom else None,
            "sha256": input_sha256[name],
            **({"dicom_slices": len(volume.dicom.files)} if volume.dicom else {}),
            **({"steps": [s.record() for s in volume.history]} if volume.history else {}),
        }
        for name, volume in study.sequences.items()
    }


def _model(bundle: Bundle, predicted: Predicted) -> dict[str, Any]:
    return {
        "id": bundle.spec.id,
        "version": bundle.spec.version,
        "sha256": bundle.sha256,
        "device": device_title(predicted.plan.device),
        "precision": predicted.plan.precision,
        "spacing_mm": list(bundle.spec.input.spacing_mm),
        "window_zyx": list(predicted.tiles.window),
        "windows": len(predicted.tiles.starts),
    }
