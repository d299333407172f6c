"""The two looks at one head that give the probability of brain, as in deepbet."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from napari_acs.errors import BadInput
from napari_acs.imaging import Grid, from_lps, to_lps
from napari_acs.models.brain_network import BrainNetwork
from napari_acs.models.brain_weights import BrainNetworks

COARSE, FINE = 128, 256
"""Voxels a side of the cubes that the two networks take; the trained sizes."""
_MARGIN = 0.1
_SLICE_SHARE = 0.02
"""A slice belongs to the box when more of it than this is brain."""
_MEAN, _SPREAD = 0.449, 0.226


def brain_probability(
    array: NDArray[np.number],
    grid: Grid,
    networks: BrainNetworks,
    device: str,
    step: Callable[[float], None],
) -> NDArray[np.float32]:
    """Return each voxel's probability of being brain.

    The head is turned to the axes that the networks were trained on (right, front, top) and
    stretched to a cube, whatever its spacing; the first network finds the box round the brain
    and the second draws it there (Fisch et al. 2024). Other than there, cubes are filled by
    linear interpolation, not by the nearest voxel: between thick slices that is smoother.

    Parameters
    ----------
    array : ndarray, shape (z, y, x)
        Intensities of one sequence, finite.
    grid : Grid
        Of ``array``, in any orientation.
    networks : BrainNetworks
    device : str
        Where the networks are.
    step : callable
        Told the finished part, 0 to 1; may raise to stop.

    Returns
    -------
    ndarray of float32, shape (z, y, x)

    Raises
    ------
    BadInput
        No brain was found.
    """
    # LPS (z, y, x) to RAS (x, y, z): both in-plane axes turn round.
    canonical = to_lps(array, grid)[:, ::-1, ::-1].transpose(2, 1, 0)
    head = torch.from_numpy(np.ascontiguousarray(canonical, dtype=np.float32))
    whole = _resized(head, (COARSE,) * 3)
    low, high = (float(whole.quantile(q)) for q in (0.005, 0.995))
    if not low < high:
        raise BadInput(
            "No brain was found",
            found="the same value in almost every voxel",
            expected="a head",
            do="Check that the export of this sequence is complete",
        )
    step(0.05)
    coarse = _brain(networks.box, _scaled(whole, low, high), device)
    step(0.3)
    box = _box(_largest(coarse.numpy() > 0.5), head.shape)
    if box is None:
        raise BadInput(
            "No brain was found",
            expected="a head from the skull's base to its top",
            do="Check that these are MRI volumes of the head, or bring a brain mask of your own",
        )
    fine = _resized(head[box], (FINE,) * 3)
    fine = _brain(networks.brain, _scaled(fine, low, high), device)
    step(0.95)
    probability = torch.zeros_like(head)
    probability[box] = _resized(fine, head[box].shape)
    lps = probability.numpy().transpose(2, 1, 0)[:, ::-1, ::-1]
    return np.ascontiguousarray(from_lps(lps, grid))


def brain_of(probability: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the largest piece above one half, with its holes filled; shape (z, y, x)."""
    image = sitk.GetImageFromArray(_largest(probability > 0.5).astype(np.uint8))
    return sitk.GetArrayFromImage(sitk.BinaryFillhole(image)).astype(bool)


def _resized(values: Tensor, shape: tuple[int, ...]) -> Tensor:
    return interpolate(values[None, None], tuple(shape), mode="trilinear")[0, 0]


def _scaled(values: Tensor, low: float, high: float) -> Tensor:
    clipped = ((values - low) / (high - low)).clamp_(0, 1)
    return clipped.sub_(clipped.mean()).div_(clipped.std()).mul_(_SPREAD).add_(_MEAN)


def _brain(network: BrainNetwork, head: Tensor, device: str) -> Tensor:
    # As in the segmentation job: the same head gives the same mask on any run.
    exact = torch.backends.cudnn.flags(benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        found: Tensor = network(head[None, None].to(device))[0, 1]
    return found.cpu().clone()


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    image = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.astype(np.uint8)))
    pieces = sitk.GetArrayFromImage(sitk.RelabelComponent(image))
    largest: NDArray[np.bool_] = pieces == 1
    return largest


def _box(mask: NDArray[np.bool_], shape: torch.Size) -> tuple[slice, ...] | None:
    """Return the box in the head round a mask on the coarse cube, with a margin; as deepbet's."""
    box = []
    for axis, length in enumerate(shape):
        share = mask.mean(axis=tuple(other for other in range(3) if other != axis))
        used = np.flatnonzero(share > _SLICE_SHARE)
        if not used.size:
            return None
        scale = length / COARSE
        centre = round((used[0] + used[-1] + 1) / 2 * scale)
        side = round((used[-1] + 1 - used[0]) * scale * (1 + 2 * _MARGIN))
        start, stop = int(centre - side / 2), int(centre + side / 2)
        box.append(slice(max(0, start), min(length, max(stop, start + 1))))
    return tuple(box)
