"""Several classifiers as one, each asked about a box as it is and, if wanted, mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_acs.models.classifier import ACSClassifier, Answer

LEFT_RIGHT = -1
"""The axis that is mirrored: x, from one side of the head to the other."""


@dataclass(frozen=True, eq=False)
class View:
    """One of the looks whose mean an answer is: which network, and whether at the mirror image."""

    network: ACSClassifier
    mirrored: bool = False


class ACSClassifierEnsemble(nn.Module):
    """The mean logits of several :class:`ACSClassifier`.

    Parameters
    ----------
    members : sequence of ACSClassifier
        Of the same inputs and classes.
    mirrored : bool
        Whether each is asked about the box's mirror image (left and right) too.

    Raises
    ------
    ValueError
        There is no member.
    """

    def __init__(self, members: Sequence[ACSClassifier], *, mirrored: bool = False) -> None:
        super().__init__()
        if not members:
            raise ValueError("an ensemble needs one member at least")
        self.mirrored = mirrored
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to logits (n, classes)."""
        return self.answer(x).logits

    def answer(self, x: Tensor) -> Answer:
        """Return the mean logits, and what every member saw, the mean over its views."""
        answers = [view.network.answer(seen_by(view, x)) for view in self.views()]
        each = len(answers) // len(self.members)
        seen = [answer.seen[0] for answer in answers]
        return Answer(
            torch.stack([answer.logits for answer in answers]).mean(dim=0),
            tuple(
                torch.stack(seen[first : first + each]).mean(dim=0)
                for first in range(0, len(seen), each)
            ),
        )

    def views(self) -> list[View]:
        """Return every look that the answer is the mean of, member by member."""
        sides = (False, True) if self.mirrored else (False,)
        members = [one for one in self.members if isinstance(one, ACSClassifier)]
        return [View(member, mirrored) for member in members for mirrored in sides]


Classifier = ACSClassifier | ACSClassifierEnsemble
"""What the networks of classifier bundles are."""


def together(networks: Sequence[ACSClassifier], *, mirrored: bool = False) -> Classifier:
    """Return trained networks as one; a single one as it is, unless mirrored."""
    if len(networks) == 1 and not mirrored:
        return networks[0]
    return ACSClassifierEnsemble(networks, mirrored=mirrored)


def views_of(network: Classifier) -> list[View]:
    """Return every look that a classifier's answer is the mean of."""
    return network.views() if isinstance(network, ACSClassifierEnsemble) else [View(network)]


def seen_by(view: View, x: Tensor) -> Tensor:
    """Return boxes (or maps), whose last axis is x, as a view sees them; its own inverse."""
    return x.flip(LEFT_RIGHT) if view.mirrored else x
