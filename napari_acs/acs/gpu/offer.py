"""Offer the GPU kernel for a layer: only where it fits, and only after it was seen to be right.

The whole interface that an engine needs::

    fused = offer(layer, x, activation="relu")
    if isinstance(fused, str):
        ...  # why not, in words: keep the three plane convolutions
    else:
        y = fused(x)  # an nn.Module for volumes of x's dtype and device; time it against others
"""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_acs.acs.conv import ACSConv3d
from napari_acs.acs.gpu.available import why_no_triton, why_not_on
from napari_acs.acs.gpu.config import Config, Precision, Problem, finalists
from napari_acs.acs.gpu.launch import acs_conv3d
from napari_acs.acs.gpu.pack import ACTIVATIONS, DTYPES, Activation, Packed, pack
from napari_acs.acs.gpu.tiles import output_size

_REFERENCE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": F.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "hardswish": F.hardswish,
    "sigmoid": torch.sigmoid,
}
_SHARED_MEMORY = 99 * 1024
_RUNS = 10


class KernelDiffers(UserWarning):
    """The GPU kernel failed, or did not give what the layer gives; it is not used."""


class FusedACSConv3d(nn.Module):
    """An ACS convolution and its activation as one GPU launch; inference only.

    Made by :func:`offer`, for one device and dtype and any size of volume. It has no parameters:
    the weights were packed when it was made.

    Parameters
    ----------
    packed : Packed
    """

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self.packed = packed

    def forward(self, x: Tensor) -> Tensor:
        """Convolve; (n, in, z, y, x) to (n, out, z', y', x'), ``channels_last_3d``.

        Raises
        ------
        RuntimeError
            If a gradient is asked for.
        """
        if torch.is_grad_enabled() and x.requires_grad:
            raise RuntimeError("the fused GPU convolution has no gradient; use torch.no_grad()")
        return acs_conv3d(x, self.packed)


def supports(layer: ACSConv3d, x: Tensor, activation: str = "none") -> str | None:
    """Return why the GPU kernel cannot take this layer and input; None if it can.

    Imports nothing and runs nothing.

    Parameters
    ----------
    layer : ACSConv3d
    x : Tensor, shape (n, in_channels, z, y, x)
    activation : str, optional
        What follows the layer.
    """
    return next(_reasons(layer, x, activation), None) or why_not_on(x) or why_no_triton()


def _reasons(layer: ACSConv3d, x: Tensor, activation: str) -> Iterator[str]:
    if layer.groups != 1:
        yield f"it has channel groups (groups={layer.groups})"
    if layer.padding_mode != "zeros":
        yield f"its padding_mode is {layer.padding_mode!r}"
    if activation not in ACTIVATIONS:
        yield f"the activation {activation!r} is not fused"
    if x.dtype not in DTYPES:
        yield f"the input is {x.dtype}"
    if x.dim() != 5 or x.shape[1] != layer.in_channels or x.numel() == 0:
        yield f"the input is {tuple(x.shape)}, the layer takes (n, {layer.in_channels}, z, y, x)"
    elif min(output_size(layer.geometry, (x.shape[2], x.shape[3], x.shape[4]))) < 1:
        yield "the input is too small for the kernel"


def offer(
    layer: ACSConv3d,
    x: Tensor,
    activation: Activation = "none",
    precision: Precision = "tf32x3",
    tries: int = 1,
) -> FusedACSConv3d | str:
    """Make the fused GPU layer of an ACS layer, or say why not.

    The kernel is compiled (about a second a try, once: triton keeps it on disk), run on random
    voxels of the example's shape and compared with the layer itself in float32. One that differs
    or fails is never returned; a :class:`KernelDiffers` warning says so.

    Parameters
    ----------
    layer : ACSConv3d
        On the example's device.
    x : Tensor, shape (n, in_channels, z, y, x)
        An example of what the layer will get, of the dtype to compute in; its values do not
        matter.
    activation : Activation, optional
        What follows the layer, to be fused.
    precision : Precision, optional
        How float32 is multiplied; ``"tf32x3"`` keeps float32's accuracy, ``"tf32"`` does not.
    tries : int, optional
        How many ways to run the kernel are timed against each other. With 1 the first right one,
        in the order of a model, is taken.

    Returns
    -------
    FusedACSConv3d or str
        The layer, or the reason in words.
    """
    reason = supports(layer, x, activation)
    if reason is not None:
        return reason
    best: tuple[float, FusedACSConv3d] | None = None
    failures = []
    with torch.no_grad(), torch.cuda.device_of(x):
        voxels = torch.randn_like(x, memory_format=torch.channels_last_3d)
        expected = reference(layer, voxels, activation)
        for config in finalists(problem(layer, x, precision))[: max(tries, 2)]:
            try:
                packed = pack(layer, x.dtype, config, activation, precision)
                wrong = difference(packed, voxels, expected)
            except Exception as error:  # of triton's compiler or driver: any kind
                wrong = f"{type(error).__name__}: {error}"
            if wrong is not None:
                failures.append(wrong)
                message = f"{layer!r} on the GPU in {x.dtype}: {wrong} ({config}); not used"
                warnings.warn(message, KernelDiffers, stacklevel=2)
                continue
            fused = FusedACSConv3d(packed)
            if tries <= 1:
                return fused
            took = _milliseconds(fused, voxels)
            if best is None or took < best[0]:
                best = took, fused
    return best[1] if best else f"the kernel was tried and is not used: {failures[0]}"


def problem(layer: ACSConv3d, x: Tensor, precision: Precision) -> Problem:
    """Return what a choice of config depends on; device facts only for a CUDA tensor."""
    bulk, shared, processors = False, _SHARED_MEMORY, Problem.processors
    if x.is_cuda:
        device = torch.cuda.get_device_properties(x.device)
        bulk = device.major == 9  # later chips have them too, but nobody has compiled for those
        shared = getattr(device, "shared_memory_per_block_optin", _SHARED_MEMORY)
        processors = device.multi_processor_count
    return Problem(
        geometry=layer.geometry,
        split=layer.split,
        in_channels=layer.in_channels,
        batch=x.shape[0],
        size=(x.shape[2], x.shape[3], x.shape[4]),
        itemsize=x.element_size(),
        precision=precision,
        bulk=bulk,
        shared_memory=shared,
        processors=processors,
    )


def reference(layer: ACSConv3d, x: Tensor, activation: Activation) -> Tensor:
    """Return the layer's own answer in float32, for weights rounded to x's dtype."""
    state = {"weight": layer.weight.to(x.dtype).float()}
    if layer.bias is not None:
        state["bias"] = layer.bias.float()
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        y = torch.func.functional_call(layer, state, (x.float(),))
    return _REFERENCE[activation](y)


def difference(packed: Packed, x: Tensor, expected: Tensor) -> str | None:
    """Run the kernel into poisoned memory; return how it differs from what is expected, if so."""
    n, channels, *sides = expected.shape
    out = torch.full((n, *sides, channels), float("nan"), dtype=x.dtype, device=x.device)
    found = acs_conv3d(x, packed, out)
    error = (found.float() - expected).abs().max().item()
    scale = expected.abs().max().item()
    allowed = _tolerance(x.dtype, packed.precision) * scale
    # Written so that NaN does not pass.
    return None if error <= allowed else f"it differs by {error:.2e} of {scale:.2e}"


def _tolerance(dtype: torch.dtype, precision: Precision) -> float:
    """Return the largest error that rounding may make, as a part of the largest output."""
    if dtype == torch.float32:
        return 5e-3 if precision == "tf32" else 2e-5
    return 2 * torch.finfo(dtype).eps


def _milliseconds(fused: FusedACSConv3d, x: Tensor) -> float:
    times = []
    for _ in range(_RUNS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        fused(x)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return float(statistics.median(times))


__all__ = ["Config", "FusedACSConv3d", "KernelDiffers", "offer", "supports"]
