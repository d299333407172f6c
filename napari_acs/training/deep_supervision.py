"""Losses at coarser stages of the decoder as well, while training; nothing of it ships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs import ACSConv3d
from napari_acs.models.unet import ACSUNet
from napari_acs.training.losses import nested_loss

LEVELS = 2
"""Auxiliary heads, at a half and a quarter of the resolution. Coarser voxels than that hold more
than one label each (32 mm at an eighth of 4 mm)."""

_HEADS = "auxiliary"


class DeeplySupervisedUNet(ACSUNet):
    """An ACS U-Net that also answers from coarser decoder stages, in training mode only.

    Its weights are those of the :class:`ACSUNet` of the same arguments, under the same names, and
    the auxiliary heads'; :func:`without_heads` takes the latter off.

    Parameters
    ----------
    **arguments
        Those of :class:`ACSUNet`.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        regions = self.head.out_channels
        widths = [cast(ACSConv3d, narrow).out_channels for narrow in self.narrow]
        # Fine to coarse, as the losses are weighted.
        self.auxiliary = nn.ModuleList(
            ACSConv3d(width, regions, 1) for width in widths[-2 : -2 - LEVELS : -1]
        )

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:  # type: ignore[override]
        """Map (n, c, z, y, x) to logits (n, regions, z, y, x); when training, to a list of them.

        The list starts with the network's own; the auxiliary ones, fine to coarse, are
        interpolated to its size, so that all are held against the same labels.
        """
        if not self.training:
            return super().forward(x)
        maps: list[Tensor] = []
        hooks = [stage.register_forward_hook(_keep(maps)) for stage in self.decoder]
        try:
            logits = super().forward(x)
        finally:
            for hook in hooks:
                hook.remove()
        finest = maps[-1]
        z, y, x_side = logits.shape[2:]
        answers = [logits]
        for head, coarse in zip(self.auxiliary, maps[-2::-1], strict=False):
            whole = F.interpolate(
                head(coarse), size=finest.shape[2:], mode="trilinear", align_corners=False
            )
            answers.append(whole[:, :, :z, :y, :x_side])
        return answers


def supervised_loss(output: Tensor | Sequence[Tensor], labels: Tensor) -> Tensor:
    """Return the training loss of logits, or of a list of them with halving weights.

    Parameters
    ----------
    output : Tensor or sequence of Tensor, each of shape (n, 3, z, y, x)
        What a network gives in training mode, the finest first.
    labels : Tensor of uint8, shape (n, z, y, x)

    Returns
    -------
    Tensor
        Scalar, float32. The weights are those of MONAI's ``DeepSupervisionLoss``, which would
        take a loss of its own kind only, and 5 s to import.
    """
    if isinstance(output, Tensor):
        return nested_loss(output, labels)
    losses = [nested_loss(logits, labels) * 0.5**level for level, logits in enumerate(output)]
    return torch.stack(losses).sum()


def without_heads(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict without the auxiliary heads: that of the plain network, which ships."""
    return {k: v for k, v in state.items() if not k.startswith(f"{_HEADS}.")}


def _keep(maps: list[Tensor]) -> Any:
    def hook(_stage: nn.Module, _inputs: Any, output: Tensor) -> None:
        maps.append(output)

    return hook
