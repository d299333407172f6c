"""The record that goes with every mask: what made it, from what, where and when."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

import napari_acs
from napari_acs.inference.device import device_title
from napari_acs.inference.windows import SIGMA_SCALE, WindowPlan

if TYPE_CHECKING:
    from napari_acs.imaging import Study
    from napari_acs.models import Bundle


def provenance(
    study: Study,
    bundle: Bundle,
    *,
    device: str,
    precision: str,
    plan: WindowPlan,
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
    study, bundle : Study, Bundle
    device : str
        The torch device used.
    precision : str
        The number format of the network, ``"float32"`` or ``"bfloat16"``.
    plan : WindowPlan
        The tiling, in model space.
    missing : sequence of str
        Channels of the model that the study did not have.
    seconds : mapping of str to float
        Wall time of the stages done so far.
    input_sha256 : mapping of str to str
        ``study.input_sha256()`` as it was when the job began.
    """
    spec = bundle.spec
    used = [channel.name for channel in spec.input.channels if channel.name in study.sequences]
    return {
        "model": {"id": spec.id, "version": spec.version, "sha256": bundle.sha256},
        "software": {
            "napari-acs": napari_acs.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "device": device_title(device),
        "precision": precision,
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
        "inputs": {
            name: {
                "file": volume.source.name if volume.source and not volume.dicom else None,
                "sha256": input_sha256[name],
                **({"dicom_slices": len(volume.dicom.files)} if volume.dicom else {}),
                **({"steps": [s.record() for s in volume.history]} if volume.history else {}),
            }
            for name, volume in study.sequences.items()
        },
        "sequences": {"used": used, "missing": list(missing), "reference": study.reference},
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": {stage: round(value, 3) for stage, value in seconds.items()},
    }
