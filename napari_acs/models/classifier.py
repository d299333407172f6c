"""A classifier with a converted torchvision encoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from napari_acs.acs.modes import Mode
from napari_acs.models.encoders import Encoder


@dataclass(frozen=True, eq=False)
class Answer:
    """What a classifier says of boxes, and what it saw.

    Attributes
    ----------
    logits : Tensor, shape (n, classes)
    seen : tuple of Tensor, each of shape (n, features)
        Of every member of an ensemble (one, where there is none): means and maxima of the maps of
        every resolution, finest first.
    """

    logits: Tensor
    seen: tuple[Tensor, ...]


class ACSClassifier(nn.Module):
    """Encoder, mean over the volume, and one linear layer.

    Parameters
    ----------
    encoder : str
        Name of the torchvision encoder.
    in_channels : int
        Input channels: sequences, and the mask where it is one.
    classes : int
        Logits to return.
    resolutions : int, optional
        How many of the encoder's resolutions are used, finest first; left out: all. What lies
        deeper is not built.
    dropout : float
        Before the linear layer.
    pretrained, trunk, mode
        As of :class:`napari_acs.models.unet.ACSUNet`.
    """

    def __init__(
        self,
        encoder: str = "mobilenet_v2",
        in_channels: int = 4,
        classes: int = 2,
        resolutions: int | None = None,
        dropout: float = 0.2,
        *,
        pretrained: bool = False,
        trunk: nn.Sequential | None = None,
        mode: Mode = "acs",
    ) -> None:
        super().__init__()
        self.encoder = Encoder(encoder, in_channels, pretrained=pretrained, trunk=trunk, mode=mode)
        if resolutions is not None:
            self.encoder.keep(resolutions)
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(2 * self.encoder.channels[-1], classes)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to logits (n, classes)."""
        return torch.as_tensor(self.head(self.features(x)))

    def features(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, z, y, x) to pooled features (n, 2 channels): means, then maxima."""
        return pooled(self.encoder(x)[-1])

    def answer(self, x: Tensor) -> Answer:
        """Return the logits, and what the network saw on the way to them."""
        maps = self.encoder(x)
        logits = torch.as_tensor(self.head(pooled(maps[-1])))
        return Answer(logits, (torch.cat([pooled(each) for each in maps], dim=1),))


def pooled(deepest: Tensor) -> Tensor:
    """Map (n, channels, z, y, x) to (n, 2 channels): means, then maxima."""
    return torch.cat([deepest.mean(dim=(2, 3, 4)), deepest.amax(dim=(2, 3, 4))], dim=1)
