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
    """One installed model: its id, its title, the classes that it draws, and what it needs.

    One that is not ``trained`` is listed, so that nobody looks for it, and refused on Segment.
    """

    id: str
    title: str
    output: OutputSpec
    needs: Needs | None = None
    trained: bool = True

    @property
    def label(self) -> str:
        """What the box shows."""
        return self.title if self.trained else f"{self.title} (untrained)"


@dataclass(frozen=True)
class Catalogue:
    """Everything that the model and device boxes can show."""

    models: tuple[ModelChoice, ...]
    default_model: str | None
    devices: tuple[str, ...]

    def to_choose(self, chosen: str | None, by_user: bool) -> str | None:
        """Return the model to show as chosen after this listing.

        Parameters
        ----------
        chosen : str or None
            Id of the model that is chosen now.
        by_user : bool
            Whether a person chose it: then it stays while it is installed; otherwise the default,
            which may be another by now, is taken.
        """
        ids = [model.id for model in self.models]
        if by_user and chosen in ids:
            return chosen
        return self.default_model if self.default_model in ids else next(iter(ids), None)


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
        ModelChoice(
            entry.spec.id,
            entry.spec.title,
            entry.spec.output,
            needs_of(entry.spec),
            entry.spec.status == "trained",
        )
        for entry in list_bundles()
        if entry.spec.task == "segmentation"
    )
    default = default_bundle_id() if models else None
    devices = tuple(name for name in available_devices() if name != "auto")
    return Catalogue(models, default, ("auto", *devices))
