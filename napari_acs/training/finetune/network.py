"""The network of a fine-tune: a bundle's own, whole or with its encoder held as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from napari_acs.errors import BadInput
from napari_acs.models.networks import InLpsOrder

if TYPE_CHECKING:
    from napari_acs.models import Bundle


class EncoderHeld(nn.Module):
    """A network whose encoder does not learn: neither weights nor batch-norm statistics change.

    Parameters
    ----------
    network : nn.Module
        With a part called ``encoder``, or several, as an ensemble has them.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        for encoder in encoders_in(network):
            encoder.requires_grad_(False)

    def train(self, mode: bool = True) -> EncoderHeld:
        """Set the mode of everything but the encoder, which stays in eval mode."""
        super().train(mode)
        # In training mode batch norm would move its statistics, whether or not weights learn.
        for encoder in encoders_in(self.network):
            encoder.eval()
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, c, z, y, x) to logits (n, r, z, y, x)."""
        y: Tensor = self.network(x)
        return y


def encoders_in(network: nn.Module) -> list[nn.Module]:
    """Return the parts of a network that are called ``encoder``."""
    named = network.named_modules()
    return [module for name, module in named if name.rsplit(".", 1)[-1] == "encoder"]


def tunable(bundle: Bundle, *, freeze_encoder: bool) -> nn.Module:
    """Return a bundle's network to train: (n, c, z, y, x) in LPS to logits, whatever its axes.

    Raises
    ------
    BadInput
        If its weights do not do, or it has no encoder that could be frozen.
    """
    network = bundle.network(untrained=True).requires_grad_(True)
    if not freeze_encoder:
        return network
    if not encoders_in(network):
        raise BadInput(
            f"The encoder of model {bundle.spec.id!r} cannot be frozen",
            found=f"a network ({bundle.spec.architecture.name}) without a part called encoder",
            do="Leave out --freeze-encoder",
        )
    return EncoderHeld(network)


def as_in_bundle(network: nn.Module) -> nn.Module:
    """Return the network in a bundle's own names and axes; the reverse of `tunable`."""
    while isinstance(network, EncoderHeld | InLpsOrder):
        network = network.network
    return network
