"""Several networks of one architecture as one: their mean, in a single bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from napari_acs.models.unet import ACSUNet

LEFT_RIGHT = 4
"""The axis that is mirrored, of (n, c, z, y, x)."""


class ACSUNetEnsemble(nn.Module):
    """The mean over several :class:`ACSUNet`, asked one after the other.

    Its nested probabilities (see `networks.nested_probabilities`) are the mean of its members'.
    At any time the features of one member are in memory, and the logits of those before it.

    Parameters
    ----------
    members : sequence of mapping
        Arguments of each member's :class:`ACSUNet`; those that are given here count where a member
        does not say them.
    in_channels : int
        Number of MRI sequences.
    regions : int
        Nested regions, outermost first.
    mirrored : bool
        Whether each is asked about the mirror image (left and right) too.

    Attributes
    ----------
    stride : int
        The largest of its members'.

    Raises
    ------
    ValueError
        There is no member.
    """

    def __init__(
        self,
        members: Sequence[Mapping[str, Any]],
        in_channels: int = 4,
        regions: int = 3,
        *,
        mirrored: bool = False,
    ) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs one member at least")
        shared = {"in_channels": in_channels, "regions": regions}
        if any("pretrained" in member for member in members):
            raise ValueError("a member's weights are the bundle's: pretrained is not taken")
        self.members = nn.ModuleList(ACSUNet(**{**shared, **member}) for member in members)
        self.stride = _largest_stride(self.members)
        self.mirrored = mirrored

    def only(self, members: Sequence[int]) -> Self:
        """Drop the other members, and return the ensemble.

        Parameters
        ----------
        members : sequence of int
            Numbers from 0 of those that stay; one at least.
        """
        if not members:
            raise ValueError("an ensemble needs one member at least")
        self.members = nn.ModuleList(self.members[number] for number in members)
        self.stride = _largest_stride(self.members)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to logits (n, regions, z, y, x), float32 at least."""
        seen = [member(x) for member in self.members]
        if self.mirrored:
            # Left-right is the only symmetry of a head: see napari_acs.inference.views.
            seen += [member(x.flip(LEFT_RIGHT)).flip(LEFT_RIGHT) for member in self.members]
        return mean_logits(seen)


def _largest_stride(members: nn.ModuleList) -> int:
    return max(member.stride for member in members if isinstance(member, ACSUNet))


# Wrapped: in the engine's graph it is one step, and never in half precision.
@fx.wrap
def mean_logits(logits: Sequence[Tensor]) -> Tensor:
    """Return the conditional logits whose nested probabilities are the mean of the members'.

    A region's mean probability is P(r), the mean over the members of the product of its own and
    all outer sigmoids; its logit given the next outer region is log P(r) - log(P(r-1) - P(r)).
    Both terms are means of products of sigmoids, so they are summed as logarithms: nothing
    overflows, and nothing is lost to cancelling, however sure the members are.

    Parameters
    ----------
    logits : sequence of Tensor, shape (n, regions, z, y, x)
        Of each member, outermost region first.

    Returns
    -------
    Tensor, shape (n, regions, z, y, x)
        float32 at least; finite where the logits are.
    """
    own = torch.stack([_at_least_float32(each) for each in logits])
    inside = F.logsigmoid(own).cumsum(dim=2)
    outer = F.pad(inside[:, :, :-1], (0, 0, 0, 0, 0, 0, 1, 0))  # log P of the whole image is 0
    ring = outer + F.logsigmoid(-own)
    return inside.logsumexp(dim=0) - ring.logsumexp(dim=0)


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits if logits.dtype == torch.float64 else logits.float()
