"""Build the network that a ``model.json`` describes."""

from __future__ import annotations

from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.spec import BundleSpec
from napari_acs.models.unet import ACSUNet


def build_network(spec: BundleSpec) -> nn.Module:
    """Return the untrained network of a spec, mapping (n, c, z, y, x) to (n, regions, z, y, x).

    Raises
    ------
    BadInput
        If the architecture's arguments do not fit it.
    """
    try:
        return ACSUNet(
            in_channels=len(spec.input.channels),
            regions=len(spec.output.regions),
            **spec.architecture.arguments,
        )
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"bundle {spec.id!r} has arguments that its architecture does not take",
            found=str(error),
            do="Check architecture.arguments in its model.json",
        ) from error


def nested_probabilities(logits: Tensor) -> Tensor:
    """Turn conditional logits into region probabilities that cannot contradict each other.

    The network says, for each region, how likely a voxel is in it given that it is in the next
    outer one; the product over the outer regions is the region's own probability. So WT >= TC >=
    ET holds at every voxel, and survives averaging and linear interpolation.

    Parameters
    ----------
    logits : Tensor, shape (n, regions, z, y, x)
        Outermost region first.

    Returns
    -------
    Tensor, shape (n, regions, z, y, x)
        Probabilities, non-increasing along ``regions``; float32 at least.
    """
    return logits.float().sigmoid().cumprod(dim=1)
