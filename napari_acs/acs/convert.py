"""Turn a 2D CNN into a 3D one by ACS convolution, keeping its state dict."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

from torch import nn

from napari_acs.acs.adapt import adapt_input
from napari_acs.acs.functional import lift_functional_calls
from napari_acs.acs.modes import CONVOLUTIONS, MODES, Mode, SplitRule
from napari_acs.acs.modules import COUNTERPARTS, SAME_BY_NAME, SAME_IN_3D
from napari_acs.acs.split import SplitPolicy, split_channels

_MakeConv = Callable[[nn.Conv2d], nn.Module]


class UnsupportedModule(TypeError):
    """A module that has no exact 3D counterpart here; the message names it and says why."""


def convert(
    module: nn.Module,
    mode: Mode = "acs",
    in_channels: int | None = None,
    split: SplitPolicy | SplitRule = "even",
) -> nn.Module:
    """Return the 3D network of a 2D one; the argument is left untouched.

    Convolutions become ``ACSConv3d``; norms, pools, dropout and upsampling become their 3D
    counterparts, also where the network calls them as functions in its ``forward``. Parameter
    and buffer names and shapes stay those of the 2D network, so 2D state dicts load into it.
    Training mode, ``requires_grad``, dtype and device are kept.

    Parameters
    ----------
    module : nn.Module
        A 2D CNN (any torchvision classification CNN made of square convolutions), mapping
        (n, c, y, x).
    mode : {"acs"}
        The way to 3D.
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
    network = copy.deepcopy(module)
    if in_channels is not None:
        network = _adapt_first(network, in_channels)
    try:
        solid = _convert(network, "", {}, lambda conv: CONVOLUTIONS[mode](conv, rule))
        return lift_functional_calls(solid)
    except ValueError as error:
        raise UnsupportedModule(_refusal("", module, str(error))) from error


def _convert(
    module: nn.Module, name: str, done: dict[nn.Module, nn.Module], make: _MakeConv
) -> nn.Module:
    """Convert a module and all below it; one that several places share stays shared."""
    if module not in done:
        done[module] = _convert_new(module, name, done, make)
    return done[module]


def _convert_new(
    module: nn.Module, name: str, done: dict[nn.Module, nn.Module], make: _MakeConv
) -> nn.Module:
    kind = type(module)
    if kind is nn.Conv2d:
        return _named(name, module, make)
    if kind in COUNTERPARTS:
        return _named(name, module, COUNTERPARTS[kind])
    # Not named_children(), which leaves out a module's second name.
    children = [(key, child) for key, child in module._modules.items() if child is not None]
    known = kind in SAME_IN_3D or (kind.__module__, kind.__name__) in SAME_BY_NAME
    if not children and not known and kind is not nn.Sequential:
        raise UnsupportedModule(_refusal(name, module, "it has no 3D counterpart here"))
    if isinstance(module, nn.Conv2d | nn.MultiheadAttention | nn.TransformerEncoderLayer):
        # A subclass may compute something of its own that a replacement would drop.
        raise UnsupportedModule(_refusal(name, module, "only plain convolutions can be converted"))
    for child_name, child in children:
        new = _convert(child, f"{name}.{child_name}" if name else child_name, done, make)
        if new is not child:
            setattr(module, child_name, new)
    # Torchvision's Conv2dNormActivation and friends are containers: their own forward is dimension
    # free, or is lifted afterwards.
    return module


def _named(name: str, module: nn.Module, make: object) -> nn.Module:
    assert callable(make)
    try:
        new: nn.Module = make(module)
    except ValueError as error:
        raise UnsupportedModule(_refusal(name, module, str(error))) from error
    return new.train(module.training)


def _refusal(name: str, module: nn.Module, why: str) -> str:
    where = f"module {name!r}" if name else "the module itself"
    return f"cannot convert {where} ({type(module).__name__}): {why}"


def _adapt_first(network: nn.Module, in_channels: int) -> nn.Module:
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            try:
                new = adapt_input(module, in_channels)
            except ValueError as error:
                raise UnsupportedModule(_refusal(name, module, str(error))) from error
            if not name:
                return new
            parent, _, leaf = name.rpartition(".")
            setattr(network.get_submodule(parent), leaf, new)
            return network
    raise UnsupportedModule("cannot adapt the input: the network has no Conv2d")
