"""Turn a 2D CNN into a 3D one by ACS convolution, keeping its state dict."""

from __future__ import annotations

import copy
from functools import partial

import torch
from torch import nn

from napari_acs.acs import peers
from napari_acs.acs.adapt import adapt_input, first_convolution
from napari_acs.acs.geometry import PLANES
from napari_acs.acs.modes import MODES, Mode, SplitRule
from napari_acs.acs.plan import make_plan
from napari_acs.acs.refusal import UnsupportedModule, named, refuse_transformer, refused
from napari_acs.acs.split import Split, SplitPolicy, split_channels
from napari_acs.acs.trial import try_volume
from napari_acs.acs.walk import Walk

__all__ = ["UnsupportedModule", "convert"]

_COLOURS = 3


def convert(
    module: nn.Module,
    mode: Mode = "acs",
    in_channels: int | None = None,
    split: SplitPolicy | SplitRule = "even",
) -> nn.Module:
    """Return the 3D network of a 2D one; the argument is left untouched.

    Convolutions become ``ACSConv3d``; norms, pools, padding, dropout and upsampling become their
    3D counterparts, also where the network calls them as functions in its ``forward``. Parameter
    and buffer names and shapes stay those of the 2D network, so 2D state dicts load into it.
    Training mode, ``requires_grad``, dtype, device, hooks and shared modules are kept. A network
    made of the layers of the package ``acsconv`` gets ours instead, with its weights and splits.

    Where the code of a forward is not understood, the network is tried: with all channels in one
    plane it has to answer a volume that is constant across that plane as the 2D network answers
    the plane. What fails is refused.

    Parameters
    ----------
    module : nn.Module
        A 2D CNN, mapping (n, c, y, x): any torchvision classification CNN, and most others.
    mode : {"acs", "soft", "inflate", "mean", "conv3d"}
        The way to 3D, see :mod:`napari_acs.acs.modes`.
    in_channels : int, optional
        Input channels wanted; the first convolution is adapted by :func:`adapt_input`.
    split : {"even", "aligned"} or callable
        How each layer's output channels are shared between the planes; see
        :func:`split_channels`. A callable takes their number and returns the three shares.

    Returns
    -------
    nn.Module
        The network on (n, c, z, y, x).

    Raises
    ------
    UnsupportedModule
        If a module has no 3D counterpart; its name in the network is given.
    ValueError
        If ``mode`` is unknown.
    """
    if mode not in MODES:
        raise ValueError(f"mode={mode!r} is unknown; expected one of {', '.join(MODES)}")
    rule = split if callable(split) else partial(split_channels, policy=split)
    if any(peers.is_acsconv(m) for m in module.modules()):
        return named("", copy.deepcopy(module), peers.exchange_acsconv)
    refuse_transformer(module)
    flat = _copied(module, in_channels)
    first = first_convolution(flat)
    channels = _COLOURS if first is None else first[1].in_channels
    walk = Walk(make_plan(flat, mode, rule))
    solid = walk.convert(flat)
    if walk.doubts:
        try:
            try_volume(_copied(module, in_channels), channels, _in_one_plane)
        except ValueError as error:
            name, (doubtful, doubt) = next(iter(walk.doubts.items()))
            others = ", ".join(repr(other) for other in list(walk.doubts)[1:4])
            more = f"; nor is the code of {others} understood" if others else ""
            raise refused(name, doubtful, f"{doubt}, {error}{more}") from error
    return solid


def _in_one_plane(flat: nn.Module, plane: str) -> nn.Module:
    def rule(channels: int) -> Split:
        axial, coronal, sagittal = (channels * (own == plane) for own in PLANES)
        return axial, coronal, sagittal

    return Walk(make_plan(flat, "acs", rule)).convert(flat)


def _copied(module: nn.Module, in_channels: int | None) -> nn.Module:
    """Return a copy of a network, with its first convolution adapted."""
    for name, part in module.named_modules():
        tensors = (v for v in part.__dict__.values() if isinstance(v, torch.Tensor))
        if not all(tensor.is_leaf for tensor in tensors):
            why = "a hook (weight_norm, spectral_norm) computed its weight; torch cannot copy that"
            raise refused(name, part, why)
    network = copy.deepcopy(module)
    if in_channels is None:
        return network
    first = first_convolution(network)
    if first is None:
        raise UnsupportedModule("cannot adapt the input: the network has no Conv2d")
    name, conv = first
    if in_channels != _COLOURS and getattr(network, "transform_input", False):
        raise refused("", network, "it renormalises red, green and blue: set its transform_input")
    new = named(name, conv, lambda _: adapt_input(conv, in_channels))
    if not name:
        return new
    for part in network.modules():
        for key, child in part._modules.items():
            if child is conv:
                part._modules[key] = new
    return network
