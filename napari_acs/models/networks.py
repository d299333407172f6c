"""Build the network that a ``model.json`` describes, and read its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import torch
from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.classifier import ACSClassifier
from napari_acs.models.classifier_ensemble import ACSClassifierEnsemble
from napari_acs.models.ensemble import ACSUNetEnsemble
from napari_acs.models.gandlf_imagenet import gandlf_imagenet_unet
from napari_acs.models.gandlf_networks import gandlf_unet
from napari_acs.models.monai_networks import monai_network
from napari_acs.models.out_of_memory import is_out_of_memory
from napari_acs.models.spec import AnySpec, BundleSpec, ClassifierSpec, OutputSpec
from napari_acs.models.unet import ACSUNet

_Spec = TypeVar("_Spec", BundleSpec, ClassifierSpec)


def _acs_unet(spec: BundleSpec) -> nn.Module:
    return ACSUNet(
        in_channels=len(spec.input.channels),
        regions=spec.output.channel_count,
        pretrained=False,  # a description downloads nothing: in its arguments this is refused
        **spec.architecture.arguments,
    )


def _acs_unet_ensemble(spec: BundleSpec) -> nn.Module:
    if spec.output.activation != "nested":
        raise ValueError("the mean of an acs-unet-ensemble is that of nested regions")
    return ACSUNetEnsemble(
        in_channels=len(spec.input.channels),
        regions=spec.output.channel_count,
        **spec.architecture.arguments,
    )


def _gandlf_unet(spec: BundleSpec) -> nn.Module:
    return gandlf_unet(**spec.architecture.arguments)


def _gandlf_imagenet_unet(spec: BundleSpec) -> nn.Module:
    return gandlf_imagenet_unet(**spec.architecture.arguments)


def _monai(spec: BundleSpec) -> nn.Module:
    return monai_network(**spec.architecture.arguments, size_bytes=spec.weights.size_bytes)


def _acs_classifier(spec: ClassifierSpec) -> ACSClassifier:
    return _classifier(spec, spec.architecture.arguments)


def _acs_classifier_ensemble(spec: ClassifierSpec) -> nn.Module:
    arguments = dict(spec.architecture.arguments)
    count, mirrored = arguments.pop("members", 1), arguments.pop("mirrored", False)
    members = [_classifier(spec, arguments) for _ in range(count)]
    return ACSClassifierEnsemble(members, mirrored=mirrored)


def _classifier(spec: ClassifierSpec, arguments: Mapping[str, Any]) -> ACSClassifier:
    return ACSClassifier(
        in_channels=spec.input.channel_count,
        classes=len(spec.classes),
        pretrained=False,  # a description downloads nothing: in its arguments this is refused
        **arguments,
    )


BUILDERS: Final[Mapping[str, Callable[[BundleSpec], nn.Module]]] = MappingProxyType(
    {
        "acs-unet": _acs_unet,
        "acs-unet-ensemble": _acs_unet_ensemble,
        "gandlf-unet": _gandlf_unet,
        "gandlf-imagenet-unet": _gandlf_imagenet_unet,
        "monai": _monai,
    }
)
"""What builds the network of each ``architecture.name``, untrained, in its own axes."""

CLASSIFIER_BUILDERS: Final[Mapping[str, Callable[[ClassifierSpec], nn.Module]]] = MappingProxyType(
    {
        "acs-classifier": _acs_classifier,
        "acs-classifier-ensemble": _acs_classifier_ensemble,
    }
)
"""The same for classifiers."""


def build_network(spec: AnySpec) -> nn.Module:
    """Return the untrained network of a spec, as its weights fit it.

    One that segments maps (n, c, ...) to logits (n, ``output.channel_count``, ...), spatial axes in
    the order and direction that ``input.axes`` and ``input.orientation`` say; see `in_lps_order`.
    A classifier maps (n, ``input.channel_count``, z, y, x) in LPS to logits (n, classes).

    Raises
    ------
    BadInput
        If the architecture is unknown, or its arguments do not fit it.
    """
    if isinstance(spec, ClassifierSpec):
        return _built(spec, CLASSIFIER_BUILDERS)
    return _built(spec, BUILDERS)


def _built(spec: _Spec, builders: Mapping[str, Callable[[_Spec], nn.Module]]) -> nn.Module:
    builder = builders.get(spec.architecture.name)
    if builder is None:
        raise BadInput(
            f"bundle {spec.id!r} has an architecture that this version cannot build",
            found=spec.architecture.name,
            expected=", ".join(builders),
            do="Update napari-acs",
        )
    try:
        return builder(spec)
    except BadInput:
        raise
    except (TypeError, ValueError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise BadInput(
            f"bundle {spec.id!r} has arguments that its architecture does not take",
            found=str(error),
            do="Check architecture.arguments in its model.json",
        ) from error


class InLpsOrder(nn.Module):
    """A network that was trained on axes x, y, z, or in RAS, for input (n, c, z, y, x) in LPS.

    Parameters
    ----------
    network : nn.Module
        Maps (n, c, ...) to (n, r, ...).
    transpose : bool
        Whether its spatial axes are x, y, z.
    flip : bool
        Whether it was trained in RAS.
    """

    def __init__(self, network: nn.Module, *, transpose: bool, flip: bool) -> None:
        super().__init__()
        self.network = network
        self._transpose, self._flip = transpose, flip

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, z, y, x) to (n, r, z, y, x), both in LPS."""
        turned = x.flip(3, 4) if self._flip else x
        turned = turned.transpose(2, 4).contiguous() if self._transpose else turned
        y: Tensor = self.network(turned)
        y = y.transpose(2, 4) if self._transpose else y
        return y.flip(3, 4) if self._flip else y


def in_lps_order(network: nn.Module, spec: BundleSpec) -> nn.Module:
    """Return a network that takes and gives (n, c, z, y, x) in LPS, as all windows are."""
    transpose, flip = spec.input.axes == "xyz", spec.input.orientation == "RAS"
    return InLpsOrder(network, transpose=transpose, flip=flip) if transpose or flip else network


def region_probabilities(logits: Tensor, output: OutputSpec) -> Tensor:
    """Turn a network's output into the probabilities of nested regions.

    Parameters
    ----------
    logits : Tensor, shape (n, output.channel_count, z, y, x)
    output : OutputSpec

    Returns
    -------
    Tensor, shape (n, regions, z, y, x)
        Non-increasing along ``regions``, at every voxel; float32 at least. Regions that a network
        scores each on its own (``"sigmoid"``) get no more than the next outer one.
    """
    if output.activation == "nested":
        return nested_probabilities(_of_regions(logits.float(), output))
    if output.activation == "sigmoid":
        return _of_regions(logits.float().sigmoid(), output).cummin(dim=1).values
    return _of_regions(logits.float().softmax(dim=1), output).cummin(dim=1).values


def _of_regions(maps: Tensor, output: OutputSpec) -> Tensor:
    if not any(region.channels for region in output.regions):
        return maps
    sums = [
        maps[:, list(region.channels or (place,))].sum(dim=1)
        for place, region in enumerate(output.regions)
    ]
    return torch.stack(sums, dim=1)


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
