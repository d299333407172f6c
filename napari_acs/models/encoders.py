"""Pretrained 2D trunks from torchvision, as 3D encoders. The only importer of torchvision."""

from __future__ import annotations

from collections import OrderedDict
from math import log2
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_acs.acs import convert
from napari_acs.errors import BadInput
from napari_acs.models.safe_load import load_state
from napari_acs.models.software_opengl import keep_triton_out

keep_triton_out()

import torchvision  # noqa: E402  (only now is it safe)

_SEQUENTIAL = ("mobilenet_v2", "squeezenet1_1", "densenet121", "efficientnet_b0", "vgg11_bn")
_RESNETS = ("resnet18", "resnet34", "resnet50")

ENCODERS = _SEQUENTIAL + _RESNETS
"""Names of the torchvision architectures that can be encoders."""


def trunk_2d(name: str, *, pretrained: bool = False) -> nn.Sequential:
    """Return a torchvision architecture without its classifier, as a flat sequence of stages.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    pretrained : bool
        Whether to fill in torchvision's official ImageNet weights. They are downloaded, and
        checked against torchvision's own hash, if they are not in torch's cache yet.

    Raises
    ------
    BadInput
        If the name is unknown, or the weights cannot be downloaded or fail torchvision's check.
    """
    if name not in ENCODERS:
        raise BadInput(f"encoder {name!r} is unknown", expected=f"one of {', '.join(ENCODERS)}")
    try:
        network = torchvision.models.get_model(name, weights="DEFAULT" if pretrained else None)
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        raise BadInput(
            f"torchvision's ImageNet weights of {name} could not be had",
            found=str(error),
            do="Check the network, or give a file with --encoder-weights (see docs/training.md)",
        ) from error
    if name in _RESNETS:
        stages = [item for item in network.named_children() if item[0] not in ("avgpool", "fc")]
        return nn.Sequential(OrderedDict(stages))
    features: nn.Sequential = network.features
    if name == "mobilenet_v2":
        # The last 1x1 layer widens to 1280 channels for the classifier alone.
        del features[-1]
    return features


def trunk_from_file(name: str, file: Path) -> nn.Sequential:
    """Return a 2D trunk with the weights of a torchvision state dict.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    file : Path
        ``.safetensors``, ``.pt`` or ``.pth`` with torchvision's names; of the whole classifier
        or of its ``features`` alone.

    Raises
    ------
    BadInput
        If the file cannot be read safely, or lacks a weight of the trunk or has it in another
        shape.
    """
    trunk = trunk_2d(name)
    state = {k.removeprefix("features."): v for k, v in load_state(file).items()}
    wanted = trunk.state_dict()
    for key, tensor in wanted.items():
        if key not in state or state[key].shape != tensor.shape:
            found = tuple(state[key].shape) if key in state else "nothing"
            raise BadInput(
                f"{file} does not hold the weights of torchvision's {name}",
                found=f"{found} at {key}",
                expected=f"{tuple(tensor.shape)}",
            )
    trunk.load_state_dict({key: state[key] for key in wanted})
    return trunk


class Encoder(nn.Module):
    """An ACS trunk that returns one feature map a resolution, finest first.

    Parameters
    ----------
    name : str
        One of ``ENCODERS``.
    in_channels : int
        Input channels (MRI sequences).
    pretrained : bool
        See :func:`trunk_2d`.
    trunk : nn.Sequential, optional
        A 2D trunk of this architecture with weights of its own, used instead.

    Attributes
    ----------
    channels : tuple of int
        Channels of the returned maps.
    strides : tuple of int
        Their strides in input voxels.
    """

    def __init__(
        self,
        name: str,
        in_channels: int,
        *,
        pretrained: bool = False,
        trunk: nn.Sequential | None = None,
    ) -> None:
        super().__init__()
        flat = trunk if trunk is not None else trunk_2d(name, pretrained=pretrained)
        self._taps, self.channels, self.strides = _taps(flat)
        converted = convert(flat, in_channels=in_channels)
        assert isinstance(converted, nn.Sequential)
        # What lies behind the last tap is never used.
        self.trunk = converted[: self._taps[-1] + 1]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (n, c, z, y, x) to one (n, channels[i], ...) map a resolution, finest first."""
        maps = []
        for index, stage in enumerate(self.trunk):
            x = stage(x)
            if index in self._taps:
                maps.append(x)
        return maps


def _taps(flat: nn.Sequential) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Find the last stage at each resolution, by running a small picture through the trunk."""
    side = 128
    first = next(m for m in flat.modules() if isinstance(m, nn.Conv2d))
    x = torch.zeros(1, first.in_channels, side, side)
    was_training = flat.training
    found: dict[int, tuple[int, int]] = {}
    with torch.no_grad():
        flat.eval()
        for index, stage in enumerate(flat):
            x = stage(x)
            # Unpadded layers lose a voxel or two: round to the power of two that is meant.
            stride = 2 ** round(log2(side / x.shape[-1]))
            found[stride] = (index, x.shape[1])
    flat.train(was_training)
    strides = tuple(s for s in sorted(found) if s > 1)
    return (
        tuple(found[s][0] for s in strides),
        tuple(found[s][1] for s in strides),
        strides,
    )
