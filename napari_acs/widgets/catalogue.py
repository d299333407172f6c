"""The models and devices that the panel offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_acs.imaging.check import Needs
    from napari_acs.models.spec import OutputSpec

DEVICE_TITLES = {
    "auto": "automatic (the fastest)",
    "cpu": "CPU",
    "cuda": "NVIDIA GPU (CUDA)",
    "mps": "Apple GPU (MPS)",
}


@dataclass(frozen=True)
class ModelChoice:
    """One installed model: its id, its title, the classes that it draws, and what it needs."""

    id: str
    title: str
    output: OutputSpec
    needs: Needs | None = None


@dataclass(frozen=True)
class Catalogue:
    """Everything that the model and device boxes can show."""

    models: tuple[ModelChoice, ...]
    default_model: str | None
    devices: tuple[str, ...]


def load_catalogue() -> Catalogue:
    """Return the installed segmentation models and this machine's devices.

    Loads torch and torchvision: parts of that hold Python's lock for up to a second, which is
    less felt while the panel opens than after a click on Segment.
    """
    import napari_acs.inference.job  # noqa: PLC0415
    import napari_acs.models.bundle  # noqa: F401, PLC0415
    from napari_acs.inference import available_devices  # noqa: PLC0415
    from napari_acs.inference.needs import needs_of  # noqa: PLC0415
    from napari_acs.models import default_bundle_id, list_bundles  # noqa: PLC0415

    models = tuple(
        ModelChoice(entry.spec.id, entry.spec.title, entry.spec.output, needs_of(entry.spec))
        for entry in list_bundles()
        if entry.spec.task == "segmentation"
    )
    default = default_bundle_id() if models else None
    devices = tuple(name for name in available_devices() if name != "auto")
    return Catalogue(models, default, ("auto", *devices))
