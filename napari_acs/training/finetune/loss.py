"""The loss of a bundle's own kind of output: likelihood and soft Dice, however it marks regions."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from napari_acs.models.spec import OutputSpec
from napari_acs.training.finetune.plan import class_channels
from napari_acs.training.losses import nested_loss, region_masks

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (n, channels, z, y, x) and labels (n, z, y, x), 0 to 3, to a scalar."""


def loss_for(output: OutputSpec) -> Loss:
    """Return the loss of an output over WT, TC and ET.

    Nested logits have `nested_loss`. Classes that exclude each other (softmax), and regions that
    are scored each on its own (sigmoid), have MONAI's ``DiceCELoss``: cross entropy and soft Dice,
    as such networks were trained by their own tools.

    Parameters
    ----------
    output : OutputSpec
        See `napari_acs.training.finetune.plan.refuse_untrainable`.

    Raises
    ------
    BadInput
        If a softmax has other classes than background, NCR, ED and ET.
    """
    if output.activation == "softmax":
        return _of_classes(class_channels(output))
    channels = [
        region.channels[0] if region.channels else place
        for place, region in enumerate(output.regions)
    ]
    if output.activation == "nested":
        return lambda logits, labels: nested_loss(logits[:, channels], labels)
    return _of_regions(channels)


def _of_classes(channels: tuple[int, int, int, int]) -> Loss:
    from monai.losses.dice import DiceCELoss  # noqa: PLC0415 (slow, and not needed for our own)

    judge = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True)

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        place = torch.tensor(channels, device=logits.device)
        # Background comes first for MONAI, which leaves it out of Dice.
        found: Tensor = judge(logits.float()[:, place], labels[:, None].long())
        return found

    return loss


def _of_regions(channels: list[int]) -> Loss:
    from monai.losses.dice import DiceCELoss  # noqa: PLC0415

    judge = DiceCELoss(sigmoid=True, batch=True)

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        found: Tensor = judge(logits.float()[:, channels], region_masks(labels))
        return found

    return loss
