"""The record that goes with every classification."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

import napari_acs
from napari_acs.inference.device import device_title
from napari_acs.inference.provenance import inputs_of

if TYPE_CHECKING:
    from napari_acs.imaging import Study, Volume
    from napari_acs.inference.classify_input import ClassifierBox
    from napari_acs.models import ClassifierBundle


def classification_record(
    study: Study,
    bundle: ClassifierBundle,
    box: ClassifierBox,
    mask: Volume | None,
    *,
    device: str,
    seconds: Mapping[str, float],
    input_sha256: Mapping[str, str],
) -> dict[str, Any]:
    """Return the JSON-ready record of a classification; see `provenance` for what it leaves out.

    Parameters
    ----------
    study : Study
    bundle : ClassifierBundle
    box : ClassifierBox
        What the network saw.
    mask : Volume or None
        What was given; told of only where the model used it.
    device : str
    seconds : mapping of str to float
    input_sha256 : mapping of str to str
        ``study.input_sha256()`` as it was when the job began.
    """
    spec = bundle.spec
    used = mask if spec.input.needs_mask else None
    return {
        "model": {"id": spec.id, "version": spec.version, "sha256": bundle.sha256},
        "software": {
            "napari-acs": napari_acs.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "device": device_title(device),
        "box": {
            "size_zyx": list(box.grid.shape),
            "spacing_mm": list(box.grid.spacing),
            "origin_lps_mm": [round(mm, 3) for mm in box.grid.origin],
            "centre": spec.input.centre,
            "normalisation": spec.input.normalisation,
        },
        "calibration": {
            "temperature": spec.temperature,
            "isotonic": bool(spec.calibration and spec.calibration.isotonic),
            "held_out_cases": len(spec.held_out.scores) if spec.held_out else 0,
            "abstain_below": spec.abstain_below,
        },
        "inputs": inputs_of(study, input_sha256),
        "sequences": {
            "used": [
                c.name for c, there in zip(spec.input.channels, box.present, strict=True) if there
            ],
            "reference": study.reference,
        },
        "mask": None
        if used is None
        else {
            "file": used.source.name if used.source and not used.dicom else None,
            "sha256": used.sha256(),
            "volume_ml": round(box.mask_ml or 0.0, 3),
        },
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
    }
