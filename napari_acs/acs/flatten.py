"""Flatten a volume's features to as many numbers as the 2D network has, so its linear layer fits.

VGG, AlexNet and GoogLeNet's side exits pool to k x k and flatten: their linear layers hold a
weight for every place of a flat grid. In 3D they pool to (k, k, k); then every channel is averaged
over the axis that its plane leaves out, which gives it a k x k grid over (rows, columns) again.
Where the volume is constant along that axis this is the 2D network, and permuting axes and planes
together commutes. For one voxel it is the plain flatten.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from napari_acs.acs.geometry import LEFT_OUT, PLANES
from napari_acs.acs.split import Split, split_channels
from napari_acs.acs.whole import recorded_whole

SPLITS_KEY = "acs_plane_splits"
"""State-dict key of splits that are not the even ones; rows of channels and their three shares."""

Splits = dict[int, Split]
"""Number of channels to their split, only where that is not the even one."""


@recorded_whole
def collapse_planes(x: Tensor, splits: Splits | None = None) -> Tensor:
    """Average every channel over the axis that its plane leaves out.

    Parameters
    ----------
    x : Tensor, shape (n, c, z, y, x)
        A tensor of another number of axes is returned as it is.
    splits : dict, optional
        Splits of channel counts that are not split evenly.

    Returns
    -------
    Tensor, shape (n, c, rows, columns)

    Raises
    ------
    ValueError
        If the planes' grids differ, since the volume's sides do.
    """
    if x.dim() != len(LEFT_OUT) + 2:
        return x
    split = split_of(x.shape[1], splits)
    used = [axis for axis, channels in zip(LEFT_OUT.values(), split, strict=True) if channels]
    parts = torch.split(x, [channels for channels in split if channels], dim=1)
    flat = [part.mean(axis) for part, axis in zip(parts, used, strict=True)]
    if any(part.shape[2:] != flat[0].shape[2:] for part in flat):
        raise ValueError(
            f"features of {tuple(x.shape[2:])} voxels cannot be flattened for 2D weights: the "
            "sides must be equal, as those of the volume"
        )
    return flat[0] if len(flat) == 1 else torch.cat(flat, dim=1)


def split_of(channels: int, splits: Splits | None) -> Split:
    """Return the split of a number of channels."""
    channels = int(channels)  # torch.jit.trace has tensors for sizes
    return (splits or {}).get(channels) or split_channels(channels)


class KnowsSplits(nn.Module):
    """A module that asks for splits, and keeps those that are not even in its state dict."""

    splits: Splits

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.splits:
            rows = [(channels, *split) for channels, split in self.splits.items()]
            destination[prefix + SPLITS_KEY] = torch.tensor(rows)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        rows = state_dict.pop(prefix + SPLITS_KEY, None)
        if rows is not None:  # without it in the dict the splits stay: 2D weights fit them all
            self.splits = {c: (a, b, d) for c, a, b, d in torch.as_tensor(rows).tolist()}
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class PlaneFlatten(KnowsSplits, nn.Flatten):
    """``nn.Flatten`` of everything but the batch; see the module's docstring.

    Parameters
    ----------
    splits : dict, optional
        Splits of channel counts that are not split evenly.
    """

    def __init__(self, splits: Splits | None = None) -> None:
        super().__init__()
        self.splits = dict(splits or {})

    def forward(self, x: Tensor) -> Tensor:
        """Flatten; (n, c, z, y, x) to (n, c * k * k)."""
        return super().forward(collapse_planes(x, self.splits))


class ACSPixelShuffle(KnowsSplits, nn.PixelShuffle):
    """``nn.PixelShuffle`` in planes: each output channel shuffles its own and repeats across it.

    Parameters
    ----------
    upscale_factor : int
        As in ``nn.PixelShuffle``.
    splits : dict, optional
        Splits of numbers of output channels that are not split evenly.
    """

    def __init__(self, upscale_factor: int, splits: Splits | None = None) -> None:
        super().__init__(upscale_factor)
        self.splits = dict(splits or {})

    def forward(self, x: Tensor) -> Tensor:
        """Shuffle; (n, c * r * r, z, y, x) to (n, c, r * z, r * y, r * x)."""
        return pixel_shuffle_planes(x, self.upscale_factor, self.splits)


@recorded_whole
def pixel_shuffle_planes(x: Tensor, upscale_factor: int, splits: Splits | None = None) -> Tensor:
    """Return what :class:`ACSPixelShuffle` does, as a function."""
    if x.dim() != len(LEFT_OUT) + 2:
        raise ValueError(f"pixel shuffle takes (n, c, z, y, x), got a tensor of {tuple(x.shape)}")
    r = upscale_factor
    split = split_of(x.shape[1] // (r * r), splits)
    parts = torch.split(x, [channels * r * r for channels in split], dim=1)
    outputs = []
    for plane, part in zip(PLANES, parts, strict=True):
        if part.shape[1]:
            axis = LEFT_OUT[plane]
            # (n, c, i, j, left out, rows, columns); torch's own cannot take such strides.
            taps = part.movedim(axis, 2).unflatten(1, (-1, r, r))
            flat = taps.permute(0, 1, 4, 5, 2, 6, 3).flatten(5, 6).flatten(3, 4)
            outputs.append(flat.movedim(2, axis).repeat_interleave(r, axis))
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=1)
