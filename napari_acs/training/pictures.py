"""Validation pictures: one slice of a case, with the expert's regions and the network's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from napari_acs.training.cases import Case
from napari_acs.training.losses import region_masks

_COLOURS: Final = ((86, 180, 233), (230, 159, 0), (204, 51, 68))
"""WT, TC, ET: Okabe and Ito's colours, which the colour-blind tell apart."""
_WIDTH = 320


def write_picture(case: Case, found: Tensor, file: Path) -> None:
    """Write a PNG: the slice with most tumour, plain, with the true regions, with those found.

    Parameters
    ----------
    case : Case
        The last channel that is not missing is shown, front of the head up.
    found : Tensor, shape (z, y, x)
        How many of the nested regions a voxel lies in: 0, 1 (WT), 2 (TC) or 3 (ET).
    file : Path
        The ``.png`` to write.
    """
    truth = region_masks(case.labels[None])[0].sum(0)
    level = int((truth if truth.any() else found).sum((1, 2)).argmax())
    present = [channel for channel in case.images.float() if channel.any()]
    channel = present[-1][level] if present else torch.zeros(truth.shape[1:])
    grey = _grey(channel)
    panels = [grey, _overlay(grey, truth[level]), _overlay(grey, found[level])]
    picture = Image.fromarray(np.concatenate(panels, axis=1))
    scale = max(1, round(_WIDTH / grey.shape[1]))
    size = (picture.width * scale, picture.height * scale)
    picture.resize(size, Image.Resampling.NEAREST).save(file)


def _grey(slice_: Tensor) -> NDArray[np.uint8]:
    inside = slice_[slice_ != 0]
    if inside.numel():
        low, high = torch.quantile(inside, torch.tensor([0.01, 0.99])).tolist()
    else:
        low, high = 0.0, 1.0
    shade = ((slice_ - low) / max(high - low, 1e-6)).clamp(0, 1) * 225 + 30
    shade[slice_ == 0] = 0
    return np.repeat(shade.to(torch.uint8).numpy()[..., None], 3, axis=-1)


def _overlay(grey: NDArray[np.uint8], regions: Tensor) -> NDArray[np.uint8]:
    out = grey.copy()
    depth = regions.numpy()
    for index, colour in enumerate(_COLOURS, start=1):
        inside = depth == index
        out[inside] = (0.5 * out[inside] + 0.5 * np.asarray(colour)).astype(np.uint8)
    return out
